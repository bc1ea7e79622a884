"""What of each street, school and key area lies in the view of cameras: by design, and now.

Pure arithmetic: no I/O, no clock. Infrastructure planning only; must import nothing of the project
but `monitor.geodesy` and `monitor.model`.
"""
