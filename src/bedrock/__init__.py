"""What hoodoo and pocket both stand on: errors, started programs, opened databases, charm files.

It knows neither of them. Anything that only one of the two needs belongs there, not here.
"""
