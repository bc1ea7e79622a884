"""How we ask a camera: probes and the loop that runs them. Imports nothing of db, has no rows."""

from collections.abc import Mapping
from types import MappingProxyType

from collectors import onvif
from collectors.reading import Probe

PROBES: Mapping[str, Probe] = MappingProxyType({"onvif": onvif.liveness})
