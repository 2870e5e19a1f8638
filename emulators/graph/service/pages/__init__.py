"""What people see of the sign-in service in a browser: consent of an administrator, and codes of devices."""
