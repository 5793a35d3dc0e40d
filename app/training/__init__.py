"""Courses, seminars and visits, who went, and what they owe afterwards."""
