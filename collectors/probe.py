"""One probe of one camera under one deadline, as data: whatever the camera does, an `Observation`
comes back.

The only place where a defect of ours is caught; what to ask and when is left to `collectors.PROBES`
and `loop`.
"""

import asyncio
import time
from datetime import datetime, timedelta

import structlog

from collectors import PROBES
from collectors.reading import Policy, ProbeFailure, Reading, Target
from monitor.model import Observation, Reason

# A probe keeps its own deadline; this one only ends a probe that fails to.
_SPARE_S = 1.0

_log = structlog.get_logger(__name__)


async def run(target: Target, policy: Policy, now: datetime) -> Observation:
    """Ask `target` once, at `now`. Never raises, except CancelledError when the caller cancels."""
    started_s = time.monotonic()
    try:
        async with asyncio.timeout(policy.deadline_s + _SPARE_S):
            reading = await PROBES[policy.probe](target, policy, now)
    except ProbeFailure as failure:
        reading = Reading(reason=failure.reason, detail=failure.detail)
    except TimeoutError:
        reading = Reading(reason=Reason.INTERNAL, detail="the probe did not keep its deadline")
    # A defect of ours becomes data and never costs the camera.
    except Exception as exc:  # noqa: BLE001 - the one place
        _log.exception("probe_defect", camera=target.code, probe=policy.probe)
        reading = Reading(reason=Reason.INTERNAL, detail=type(exc).__name__)
    return Observation(
        camera_id=target.camera_id,
        at=now,
        reason=reading.reason,
        took=timedelta(seconds=time.monotonic() - started_s),
        detail=reading.detail,
        clock_offset_s=reading.clock_offset_s,
    )
