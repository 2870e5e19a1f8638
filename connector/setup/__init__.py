"""Setting the connector up in a tenant: what there is, what should be, what follows from both, and doing it.

Planning is pure; doing is repeatable: killed anywhere and begun again, there is one app registration and no secret that nobody has.
"""
