"""The demo: a real city centre, its mapped cameras, simulated ones beside them, and their faults.

Nothing of it is loaded unless `camledger demo` asks for it.
"""

from monitor.demo.stage import Stage, data_dir, demo_settings

__all__ = ["Stage", "data_dir", "demo_settings"]
