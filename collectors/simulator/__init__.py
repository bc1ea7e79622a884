"""Simulated cameras: real ONVIF and RTSP servers on 127.0.0.0/8 that can be broken on purpose.

The other side of the wire: imports nothing of the product, so that it cannot share a mistake with
it.
"""
