"""Words for people, departments, places and groups."""

from __future__ import annotations

FIRST_NAMES = (
    "Adele", "Alex", "Amara", "Anh", "Åsa", "Beatriz", "Björn", "Chloé", "Diego", "Elif", "Emeka", "Fatima", "Giulia",
    "Grady", "Hana", "Henrietta", "Isaiah", "Ivan", "Jörg", "José", "Kai", "Lee", "Lidia", "Łukasz", "Lynne", "Megan",
    "Miriam", "Nestor", "Ngọc", "Olena", "Patti", "Pradeep", "Priya", "Renée", "Sofía", "Søren", "Tomáš", "Yuki", "Zoë",
    "Олена", "美咲", "علي",
)  # fmt: skip
LAST_NAMES = (
    "Vance", "Wilber", "Okafor", "Nguyễn", "Lindqvist", "Carvalho", "Ångström", "Dubois", "Fernández", "Yılmaz", "Eze",
    "Haddad", "Rossi", "Archie", "Novák", "Mueller", "Langer", "Petrov", "Müller", "García", "Tanaka", "Gu", "Holloway",
    "Wiśniewski", "Robbins", "Bowen", "Graham", "Wilke", "Trần", "Шевченко", "Fernandes", "Gupta", "Iyer", "Lefèvre",
    "O'Neill", "Sørensen", "Dvořák", "Sato", "van den Berg", "佐藤", "حسن",
)  # fmt: skip
DEPARTMENTS = (
    "Engineering", "Sales", "Marketing", "Finance", "Human Resources", "IT", "Legal", "Operations", "Retail", "Research",
    "Customer Service", "Ressources humaines", "Qualitätssicherung", "研究開発",
)  # fmt: skip
JOB_TITLES = ("Engineer", "Analyst", "Account Executive", "Manager", "Director", "Specialist", "Designer", "Consultant")
OFFICES = ("Seattle 12/1", "London 3/2", "São Paulo 7/1", "München 5/4", "東京 2/8", "Lagos 1/1")
COUNTRIES = ("US", "GB", "BR", "DE", "JP", "NG", "FR")
TOPICS = (
    "Project Aurora", "Budget", "Launch", "Onboarding", "Data Platform", "Field Sales", "Campaign", "Compliance",
    "Support", "Release", "Procurement", "Weiterbildung", "Expansión", "Innovation",
)  # fmt: skip
PURPOSES = ("Users", "Admins", "Readers", "Contributors", "VPN", "Reviewers", "Team", "Operators")
VENDORS = (
    "Slack", "Zoom", "DocuSign", "Box", "Dropbox Business", "GitHub Enterprise", "Atlassian Cloud", "Tableau", "SAP Concur",
    "Adobe Creative Cloud", "Zendesk", "Miro", "Figma", "Datadog", "Snowflake", "Okta Bridge", "Coupa", "Litware CRM",
)  # fmt: skip
