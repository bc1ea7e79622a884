// The texts of the page in English and Chinese; terms follow the glossary of the README.

const EN = {
  skip: "Skip to the offline list", theme: "Light / dark", search: "Find a camera by name or code",
  search_place: "Find a place", offline_list: "Offline cameras", found: "Found cameras",
  none_offline: "No camera is offline.", none_known: "No camera is known to be offline; {n} are unknown.", none_found: "No camera has this in its name or code.",
  oldest_first: "The oldest first, by days; then those of which one trip mends most.", one_trip: "{n} on one pole",
  ONLINE: "Online", DEGRADED: "Degraded", OFFLINE: "Offline", UNKNOWN: "Unknown", EXEMPT: "Exempt",
  REPAIR: "In repair", PLANNED: "Planned", RETIRED: "Retired", others: "Not assessed",
  online_rate: "Online rate", of_assessable: "{m} of {n} declared and assessed",
  undeclared: "Undeclared", declare_or_remove: "count for nothing; {n} not looked after: declare or remove",
  register: "Register", lacks: "Lacks", safety: "safety", declare_by: "Undeclared: counts for nothing. Declare or remove by {t}; after that nobody repairs it.",
  let_go: "Undeclared since more than 180 days: no repair, no alert. Declare or remove.",
  register_declared: "declared", register_review_due: "declared, review overdue", register_lapsed: "lapsed",
  register_incomplete: "incomplete", register_withdrawn: "withdrawn", register_undeclared: "undeclared",
  cameras: "cameras", coverage_by_kind: "Coverage by kind of place",
  coverage_by_place: "Coverage by place", areas: "Areas", area: "Area", level: "Level",
  place: "Place", kind: "Kind", all_kinds: "All kinds", street: "Streets", school: "Schools",
  key_area: "Named areas", one_street: "Street", one_school: "School", one_key_area: "Named area", size: "Length / area", designed: "Designed", effective: "Effective now",
  upper: "Upper bound", redundant: "Two or more", lost: "Lost now", by_undeclared: "By undeclared", excess: "Excess", unrequired: "Watched, nothing required", excluded: "Left out: tunnel, covered, unbuilt", places: "Places",
  with_requirement: "With a requirement", required: "Required", purpose: "Purpose", ground: "Ground", review_due: "Review due",
  approach: "Approach streets", reachable: "Reachable with PTZ", gaps: "Gaps",
  never: "no camera looks there", dark: "dark now", assumed: "outline assumed (60 m disc round a point)",
  no_figures: "Not in the figures:", no_gaps: "The requirement is met: no gap.", no_requirement: "Nobody has stated that this place needs coverage: there is no gap.", waiting: "Asking the monitor …", no_data: "No observation yet.",
  fresh: "Data is {n} old", stale: "Data is {n} old: has the collector stopped?",
  away: "Monitor not reachable for {n}; figures are of {t}", as_of: "as of {t}",
  no_map: "No map: this browser has no WebGL 2. Lists and tables below hold the same figures.",
  colour_by: "Colour by", cameras_layer: "Cameras", gaps_dark: "Gaps: dark now",
  gaps_never: "Gaps: no camera", simulated: "simulated", labels: "Street names",
  zero: "0 %", some: "below 25 %", quarter: "25 – 50 %", half: "50 – 75 %", most: "75 % and more", none: "not computed",
  close: "Close", why: "Why", since: "Since", advice: "What to do", address: "Address",
  location: "Location", last_answer: "Last answer", clock: "Clock offset",
  dark_for: "Nobody looks since", device: "Device", carries: "Only it watches",
  changes: "Last changes", failed: "Last failed observations",
  defects: "Data defects", windows: "Approved windows", faults: "Faults", nothing: "none",
  gone: "This camera is no longer in the inventory.", position: "no coordinates: not on the map",
  method: "Coverage: model {m}; line of sight considered: {l}; as of {t}. City figures are sums of metres (areas: square metres), not means.",
  by_platform: "judged by a platform's word",
  retention: "How long recordings are kept", kept_days: "{n} days, declared {m}", kept_longer: "longer than declared", kept_shorter: "shorter than declared", kept_as_declared: "as declared",
  judged_by: "Whose word counts", ours: "What we found", asked_at: "asked {t}", by_direct: "our own questions", "by_direct-then-platform": "our own questions; the platform while we do not see it", by_both: "both: each can call it down",
  witnesses: "What platforms say", said_on: "online there", said_off: "offline there", said_unknown: "unknown there", heard: "it last heard of it {t}", not_fresh: "the platform does not answer, or has just come back",
  looking: "Look at protected places", looking_of: "of {n} cameras; {m} not compared",
  looks: "{p} of its view reaches protected places, since {t}. Walls are not considered.", ends_it: "Would end it",
  turn_to: "turn it to {n}", narrow_to: "narrow it to {n}", shorten_to: "shorten it to {n}", mask_them: "mask {n}", remove_it: "remove it",
  owner: "Who answers", nobody_declared: "nobody has declared it", answer: "Answer", holds_until: "until {t}", expired: "expired {t}", masked_on: "Mask last seen",
  look_ended: "{p} of its view reached protected places; ended {t}: {h}.", not_compared: "Not compared with protected places: no layer is loaded there, or nobody knows what it looks at.",
  end_turned: "turned", end_masked: "masked", end_shortened: "shortened", end_removed: "removed", end_corrected: "its file was corrected", end_recomputed: "computed anew",
  protected_bare: "Protected places: not loaded for {n} of {m} places; nothing can be required there.",
  protected_layer: "Protected places as of", not_loaded: "not loaded: nothing can be required here",
  yes: "yes", no: "no", shown: "{n} of {m} places shown.", code: "Code", more: "and {n} more",
  open_now: "open", took: "Last answer took", computed: "Computed",
  up: "up", down: "down", unknown: "unknown",
};

const ZH = {
  skip: "跳到离线列表", theme: "明 / 暗", search: "按名称或编码查找摄像机", search_place: "查找地点",
  offline_list: "离线摄像机", found: "查找结果", none_offline: "没有离线摄像机。", none_known: "没有已知离线的摄像机；{n} 台状态未知。",
  none_found: "没有名称或编码包含此文字的摄像机。", oldest_first: "按离线天数从长到短，其次按一次出行可修复的台数。", one_trip: "同杆 {n} 台",
  ONLINE: "在线", DEGRADED: "异常", OFFLINE: "离线", UNKNOWN: "未知", EXEMPT: "报备", REPAIR: "维修",
  PLANNED: "规划", RETIRED: "拆除", others: "不计入", online_rate: "在线率",
  of_assessable: "在线 {m} / 应在线 {n}",
  undeclared: "未登记", declare_or_remove: "不计入任何指标；{n} 台已不再维护：登记或拆除",
  register: "登记", lacks: "缺少", safety: "人身安全", declare_by: "未登记：不计入任何指标。请在 {t} 前登记或拆除；此后不再维修。",
  let_go: "未登记已超过 180 天：不维修、不告警。请登记或拆除。",
  register_declared: "已登记", register_review_due: "已登记，复核逾期", register_lapsed: "登记已过期",
  register_incomplete: "登记不完整", register_withdrawn: "登记已撤回", register_undeclared: "未登记", cameras: "台", coverage_by_kind: "分类覆盖率",
  coverage_by_place: "地点覆盖率", areas: "区域", area: "区域", level: "级别", place: "地点", kind: "类别",
  all_kinds: "全部类别", street: "街道", school: "学校", key_area: "指定区域", one_street: "街道", one_school: "学校", one_key_area: "指定区域", size: "长度 / 面积",
  designed: "设计覆盖", effective: "当前有效覆盖", upper: "上限", redundant: "两台以上", lost: "当前损失", by_undeclared: "未登记摄像机可见", excess: "多余覆盖", unrequired: "无要求而被覆盖", excluded: "未计入：隧道、有顶、未建",
  places: "地点数", with_requirement: "有覆盖要求", required: "要求覆盖率", purpose: "用途", ground: "依据", review_due: "复核日期",
  approach: "周边道路", reachable: "云台可及", gaps: "盲区", never: "规划未覆盖", dark: "离线失覆盖",
  assumed: "轮廓为假定（点周围 60 米）", no_figures: "未计入统计：", no_gaps: "已达到要求，没有盲区。", no_requirement: "没有人提出此处需要覆盖，因此不存在盲区。", waiting: "正在查询 …", no_data: "尚无观测。",
  fresh: "数据为 {n} 前", stale: "数据为 {n} 前：采集器是否已停止？",
  away: "监测服务 {n} 无法访问；数据截至 {t}", as_of: "截至 {t}",
  no_map: "没有地图：浏览器不支持 WebGL 2。下方列表和表格数据相同。", colour_by: "着色",
  cameras_layer: "摄像机", gaps_dark: "盲区：离线失覆盖", gaps_never: "盲区：规划未覆盖", simulated: "模拟",
  labels: "街道名称", zero: "0%", some: "低于 25%", quarter: "25%—50%", half: "50%—75%", most: "75% 及以上", none: "未计算",
  close: "关闭", why: "原因", since: "起始", advice: "处理建议", address: "地址", location: "安装位置",
  last_answer: "最后应答", clock: "时钟偏差", dark_for: "无人观测自", device: "设备", carries: "仅它覆盖",
  changes: "最近变化", failed: "最近失败的观测", defects: "数据缺陷",
  windows: "已批准时段", faults: "故障", nothing: "无", gone: "该摄像机已不在台账中。",
  position: "无坐标，不在地图上",
  method: "覆盖率：模型 {m}；考虑通视：{l}；截至 {t}。全市数字为米数（面积为平方米）之和，不是平均值。",
  by_platform: "以平台所述为准",
  retention: "录像保存天数", kept_days: "{n} 天，登记 {m} 天", kept_longer: "长于登记", kept_shorter: "短于登记", kept_as_declared: "与登记一致",
  judged_by: "以谁为准", ours: "直接探测", asked_at: "{t} 询问", by_direct: "直接探测", "by_direct-then-platform": "直接探测；探测不到时以平台为准", by_both: "两者都须在线",
  witnesses: "平台所述", said_on: "平台称在线", said_off: "平台称离线", said_unknown: "平台未知", heard: "平台最近收到心跳 {t}", not_fresh: "平台未应答，或刚恢复",
  looking: "监看受保护场所", looking_of: "共 {n} 台；{m} 台未比对",
  looks: "视野的 {p} 涉及受保护场所，自 {t} 起。未考虑墙体遮挡。", ends_it: "消除办法",
  turn_to: "转向 {n}", narrow_to: "视场角缩至 {n}", shorten_to: "距离缩至 {n}", mask_them: "遮蔽 {n}", remove_it: "拆除",
  owner: "责任机构", nobody_declared: "无人登记", answer: "答复", holds_until: "有效至 {t}", expired: "已于 {t} 失效", masked_on: "最近核查遮蔽",
  look_ended: "视野的 {p} 曾涉及受保护场所；已于 {t} 结束：{h}。", not_compared: "未与受保护场所比对：该处没有图层，或不知其朝向。",
  end_turned: "已转向", end_masked: "已遮蔽", end_shortened: "已缩短", end_removed: "已拆除", end_corrected: "档案已更正", end_recomputed: "已重新计算",
  protected_bare: "受保护场所：{m} 个地点中有 {n} 个未加载；该处不能提出任何要求。",
  protected_layer: "受保护场所图层", not_loaded: "未加载：此处不能提出任何要求",
  yes: "是", no: "否", shown: "显示 {n} / {m} 个地点。", code: "编码", more: "另有 {n} 个", open_now: "未恢复",
  took: "最近应答耗时", computed: "计算于",
  up: "正常", down: "中断", unknown: "未知",
};

// Reasons come with English sentences from the monitor; these are the Chinese ones.
const REASONS = {
  ok: "摄像机正常应答时间查询。", login_required: "摄像机有应答，但读取时间需要登录。",
  soap_fault: "摄像机以 ONVIF 错误应答。", clock_off: "摄像机时钟偏差超过允许值。",
  no_clock: "摄像机应答中没有可用的 UTC 时间。", no_address: "摄像机主机名无法解析。",
  unreachable: "网络报告无法到达摄像机。", refused: "地址有应答，但端口没有服务。",
  connect_timeout: "地址完全没有应答，多为断电或断链。", reset: "摄像机中断了连接。",
  closed: "摄像机未应答就关闭了连接。", answer_timeout: "摄像机接受了连接，但未按时应答。",
  endless: "应答超过大小限制。", not_http: "有应答，但不是 HTTP。", http_error: "网页服务返回错误。",
  platform_on: "平台称其在线。", platform_off: "平台称其离线。",
  feed_stale: "知道它的平台未应答，或不可采信。",
  not_onvif: "有网页服务，但不是 ONVIF。", blind: "我方网络中断。", internal: "监测程序自身缺陷。",
};

// Why nobody looks; never the camera's doing.
const CAUSES = {
  not_yet: ["no evidence so far", "尚无证据"], collector_stopped: ["collector stopped on purpose", "采集器已停止"],
  collector_lost: ["collector lost", "采集器失联"], late: ["asked too late", "轮询延迟"],
  database_away: ["database away", "数据库不可用"], blind: ["our own network was dark", "我方网络中断"],
  clock_set_back: ["our own clock was set back", "我方时钟被回拨"], not_polled: ["no address to ask", "台账中无地址"],
  feed_stale: ["its platform does not answer", "其平台未应答"],
};

const SHORT = { s: ["s", "秒"], min: ["min", "分"], h: ["h", "小时"], d: ["d", "天"] };

let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");

export const current = () => language;

export function toggle() {
  language = language === "en" ? "zh" : "en";
  localStorage.setItem("language", language);
}

export function t(key, values = {}) {
  const text = (language === "zh" ? ZH : EN)[key] ?? key;
  return text.replace(/\{(\w)\}/g, (_, name) => values[name] ?? "");
}

// The same term in the other language, shown small beside the first.
export const other = (key) => (language === "zh" ? EN : ZH)[key] ?? "";

export const reason = (code, english) =>
  (language === "zh" ? REASONS[code] : english) ?? english ?? code ?? "";

export const cause = (code) => CAUSES[code]?.[language === "zh" ? 1 : 0] ?? code;

export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  const unit = (name) => SHORT[name][language === "zh" ? 1 : 0];
  if (s < 120) return `${s}\u00a0${unit("s")}`;
  if (s < 7200) return `${Math.floor(s / 60)}\u00a0${unit("min")}`;
  if (s < 172800) return `${Math.floor(s / 3600)}\u00a0${unit("h")} ${Math.floor(s % 3600 / 60)}\u00a0${unit("min")}`;
  return `${Math.floor(s / 86400)}\u00a0${unit("d")} ${Math.floor(s % 86400 / 3600)}\u00a0${unit("h")}`;
}

// A ratio as a percentage; only the whole reads 100 %, only nothing reads 0 %. Colours never use this.
export function percent(ratio, digits = 1) {
  if (ratio === null || ratio === undefined) return "—";
  const least = 10 ** -digits;
  const shown = ratio > 0 && ratio < 1 ? Math.min(100 - least, Math.max(least, ratio * 100)) : ratio * 100;
  return `${shown.toFixed(digits)} %`;
}

export function amount(value, unit) {
  if (value === null || value === undefined) return "—";
  const [big, name] = unit === "m" ? [value >= 10000, "km"] : [value >= 1e6, "km²"];
  const shown = big ? value / (unit === "m" ? 1000 : 1e6) : value;
  return `${shown.toLocaleString("en", { maximumFractionDigits: big ? 1 : 0 })} ${big ? name : unit}`;
}

let zone;
export const useZone = (name) => { zone = name; };

export function moment(iso) {
  if (!iso) return "—";
  const options = { timeZone: zone, dateStyle: "short", timeStyle: "medium", hour12: false };
  return new Date(iso).toLocaleString("sv-SE", options);
}
