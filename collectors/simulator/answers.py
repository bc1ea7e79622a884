"""SOAP documents a camera sends, in the shape and size of real firmware. Pure; logins and faults
are decided elsewhere.
"""

from datetime import datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

from collectors.simulator.simulated import Codec, Profile, SimulatedCamera

ENVELOPE_NS = "http://www.w3.org/2003/05/soap-envelope"
DEVICE_NS = "http://www.onvif.org/ver10/device/wsdl"
MEDIA_NS = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2_NS = "http://www.onvif.org/ver20/media/wsdl"
EVENTS_NS = "http://www.onvif.org/ver10/events/wsdl"
LOCAL_TIME = timedelta(hours=8)

# gSOAP firmware declares everything it knows in every answer; clients pay for parsing it, so we
# send it too.
_NAMESPACES = {
    "env": ENVELOPE_NS,
    "soapenc": "http://www.w3.org/2003/05/soap-encoding",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "xop": "http://www.w3.org/2004/08/xop/include",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "wsdl": "http://schemas.xmlsoap.org/wsdl/",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "wsntw": "http://docs.oasis-open.org/wsn/bw-2",
    "wsrf-bf": "http://docs.oasis-open.org/wsrf/bf-2",
    "wstop": "http://docs.oasis-open.org/wsn/t-1",
    "tt": "http://www.onvif.org/ver10/schema",
    "tds": DEVICE_NS,
    "trt": MEDIA_NS,
    "tr2": MEDIA2_NS,
    "tev": EVENTS_NS,
    "timg": "http://www.onvif.org/ver20/imaging/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "tan": "http://www.onvif.org/ver20/analytics/wsdl",
    "tmd": "http://www.onvif.org/ver10/deviceIO/wsdl",
    "tst": "http://www.onvif.org/ver10/storage/wsdl",
    "tns1": "http://www.onvif.org/ver10/topics",
    "ter": "http://www.onvif.org/ver10/error",
}
_OPEN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<env:Envelope '
    + " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
    + "><env:Body>"
)
_CLOSE = "</env:Body></env:Envelope>"


def document(body: str) -> bytes:
    """A whole SOAP 1.2 document around a body."""
    return f"{_OPEN}{body}{_CLOSE}".encode()


def soap_fault(code: str, subcode: str, reason: str) -> bytes:
    """A SOAP 1.2 fault; `code` is Sender, Receiver or VersionMismatch, `subcode` one or two ter:
    names with a slash.
    """
    sub = ""
    for name in reversed(subcode.split("/") if subcode else []):
        sub = f"<env:Subcode><env:Value>ter:{name}</env:Value>{sub}</env:Subcode>"
    return document(
        f"<env:Fault><env:Code><env:Value>env:{code}</env:Value>{sub}</env:Code>"
        f'<env:Reason><env:Text xml:lang="en">{escape(reason)}</env:Text></env:Reason></env:Fault>'
    )


def date_and_time(clock: datetime, *, with_utc: bool) -> bytes:
    """GetSystemDateAndTimeResponse for a camera set to China Standard Time."""
    utc = f"<tt:UTCDateTime>{_instant(clock)}</tt:UTCDateTime>" if with_utc else ""
    return document(
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime>"
        "<tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
        f"<tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone>{utc}"
        f"<tt:LocalDateTime>{_instant(clock + LOCAL_TIME)}</tt:LocalDateTime>"
        "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
    )


def _instant(at: datetime) -> str:
    return (
        f"<tt:Time><tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute>"
        f"<tt:Second>{at.second}</tt:Second></tt:Time><tt:Date><tt:Year>{at.year}</tt:Year>"
        f"<tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day></tt:Date>"
    )


def device_information(camera: SimulatedCamera) -> bytes:
    """GetDeviceInformationResponse."""
    return document(
        "<tds:GetDeviceInformationResponse>"
        f"<tds:Manufacturer>{escape(camera.manufacturer)}</tds:Manufacturer>"
        f"<tds:Model>{escape(camera.model)}</tds:Model>"
        f"<tds:FirmwareVersion>{escape(camera.firmware)}</tds:FirmwareVersion>"
        f"<tds:SerialNumber>{escape(camera.serial)}</tds:SerialNumber>"
        f"<tds:HardwareId>{escape(camera.hardware)}</tds:HardwareId>"
        "</tds:GetDeviceInformationResponse>"
    )


def capabilities(origin: str) -> bytes:
    """GetCapabilitiesResponse; `origin` is http://host:port."""
    return document(
        "<tds:GetCapabilitiesResponse><tds:Capabilities>"
        f"<tt:Device><tt:XAddr>{origin}/onvif/device_service</tt:XAddr></tt:Device>"
        f"<tt:Events><tt:XAddr>{origin}/onvif/event_service</tt:XAddr>"
        "<tt:WSSubscriptionPolicySupport>true</tt:WSSubscriptionPolicySupport>"
        "<tt:WSPullPointSupport>true</tt:WSPullPointSupport>"
        "<tt:WSPausableSubscriptionManagerInterfaceSupport>false"
        "</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>"
        f"<tt:Media><tt:XAddr>{origin}/onvif/media_service</tt:XAddr><tt:StreamingCapabilities>"
        "<tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP>"
        "<tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media>"
        "</tds:Capabilities></tds:GetCapabilitiesResponse>"
    )


def services(camera: SimulatedCamera, origin: str) -> bytes:
    """GetServicesResponse; `origin` is http://host:port."""
    known = [
        (DEVICE_NS, "device_service", 17, 6),
        (MEDIA_NS, "media_service", 2, 6),
        (EVENTS_NS, "event_service", 2, 6),
    ]
    known += [(MEDIA2_NS, "media2_service", 2, 6)] if camera.media2 else []
    listed = "".join(
        f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace>"
        f"<tds:XAddr>{origin}/onvif/{path}</tds:XAddr><tds:Version><tt:Major>{major}</tt:Major>"
        f"<tt:Minor>{minor}</tt:Minor></tds:Version></tds:Service>"
        for namespace, path, major, minor in known
    )
    return document(f"<tds:GetServicesResponse>{listed}</tds:GetServicesResponse>")


def network_interfaces(camera: SimulatedCamera) -> bytes:
    """GetNetworkInterfacesResponse with one wired interface."""
    return document(
        '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0">'
        "<tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name>"
        f"<tt:HwAddress>{escape(camera.mac)}</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info>"
        "<tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config>"
        f"<tt:Manual><tt:Address>{camera.host}</tt:Address><tt:PrefixLength>8</tt:PrefixLength>"
        "</tt:Manual><tt:DHCP>false</tt:DHCP></tt:Config></tt:IPv4>"
        "</tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>"
    )


def profiles(camera: SimulatedCamera) -> bytes:
    """GetProfilesResponse of Media1, which cannot name H.265 and so leaves those profiles out."""
    listed = "".join(_profile(p) for p in camera.profiles if p.codec is Codec.H264)
    return document(f"<trt:GetProfilesResponse>{listed}</trt:GetProfilesResponse>")


def _profile(profile: Profile) -> str:
    return (
        f'<trt:Profiles token={quoteattr(profile.token)} fixed="true">'
        f"<tt:Name>{escape(profile.name)}</tt:Name>"
        f'<tt:VideoSourceConfiguration token="VideoSource_1">{_source(profile)}'
        "</tt:VideoSourceConfiguration>"
        f"<tt:VideoEncoderConfiguration token={quoteattr('Encoder_' + profile.token)}>"
        f"<tt:Name>{escape(profile.name)}</tt:Name><tt:UseCount>1</tt:UseCount>"
        f"<tt:Encoding>H264</tt:Encoding>{_resolution(profile)}<tt:Quality>3</tt:Quality>"
        f"<tt:RateControl><tt:FrameRateLimit>{profile.frames_per_s}</tt:FrameRateLimit>"
        "<tt:EncodingInterval>1</tt:EncodingInterval>"
        f"<tt:BitrateLimit>{profile.bitrate_kbps}</tt:BitrateLimit></tt:RateControl>"
        "<tt:H264><tt:GovLength>50</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>"
        "<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address>"
        "</tt:Address><tt:Port>0</tt:Port><tt:TTL>0</tt:TTL><tt:AutoStart>false</tt:AutoStart>"
        "</tt:Multicast><tt:SessionTimeout>PT60S</tt:SessionTimeout>"
        "</tt:VideoEncoderConfiguration></trt:Profiles>"
    )


def profiles2(camera: SimulatedCamera, *, with_configurations: bool) -> bytes:
    """GetProfilesResponse of Media2; configurations only when the request named a Type (Media2
    5.2.2).
    """
    listed = "".join(_profile2(p, with_configurations) for p in camera.profiles)
    return document(f"<tr2:GetProfilesResponse>{listed}</tr2:GetProfilesResponse>")


def _profile2(profile: Profile, with_configurations: bool) -> str:
    configurations = (
        f'<tr2:Configurations><tr2:VideoSource token="VideoSource_1">{_source(profile)}'
        f"</tr2:VideoSource><tr2:VideoEncoder token={quoteattr('Encoder_' + profile.token)}"
        f' GovLength="50" Profile="Main"><tt:Name>{escape(profile.name)}</tt:Name>'
        f"<tt:UseCount>1</tt:UseCount><tt:Encoding>{profile.codec}</tt:Encoding>"
        f'{_resolution(profile)}<tt:RateControl ConstantBitRate="false">'
        f"<tt:FrameRateLimit>{profile.frames_per_s}</tt:FrameRateLimit>"
        f"<tt:BitrateLimit>{profile.bitrate_kbps}</tt:BitrateLimit></tt:RateControl>"
        "<tt:Quality>3</tt:Quality></tr2:VideoEncoder></tr2:Configurations>"
    )
    return (
        f'<tr2:Profiles token={quoteattr(profile.token)} fixed="true">'
        f"<tr2:Name>{escape(profile.name)}</tr2:Name>"
        f"{configurations if with_configurations else ''}</tr2:Profiles>"
    )


def _source(profile: Profile) -> str:
    return (
        "<tt:Name>VideoSource</tt:Name><tt:UseCount>2</tt:UseCount>"
        "<tt:SourceToken>VideoSource_1</tt:SourceToken>"
        f'<tt:Bounds x="0" y="0" width="{profile.width}" height="{profile.height}"/>'
    )


def _resolution(profile: Profile) -> str:
    return (
        f"<tt:Resolution><tt:Width>{profile.width}</tt:Width>"
        f"<tt:Height>{profile.height}</tt:Height></tt:Resolution>"
    )


def stream_uri(uri: str) -> bytes:
    """GetStreamUriResponse of Media1."""
    return document(
        f"<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>{escape(uri)}</tt:Uri>"
        "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
        "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT60S</tt:Timeout>"
        "</trt:MediaUri></trt:GetStreamUriResponse>"
    )


def stream_uri2(uri: str) -> bytes:
    """GetStreamUriResponse of Media2."""
    return document(
        f"<tr2:GetStreamUriResponse><tr2:Uri>{escape(uri)}</tr2:Uri></tr2:GetStreamUriResponse>"
    )
