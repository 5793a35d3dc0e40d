"""People: departments, staff with dated service, teams, roles, sign-in."""
