"""Where things are and where they look: directions, map projection, coordinate frames.

Pure arithmetic on numbers and short texts; must import nothing of the project but `monitor.model`.
"""
