// Comfort for those who have scripts: search over all cameras, and the map. Names enter the page as text only.
"use strict";

const STATES = { declared: "●", review_due: "●" };

async function features() {
  const answer = await fetch("data/cameras.geojson");
  if (!answer.ok) throw new Error(`cameras.geojson: ${answer.status}`);
  return answer.json();
}

function link(properties) {
  const anchor = document.createElement("a");
  anchor.href = properties.page;
  anchor.textContent = `${STATES[properties.state] ?? "○"} ${properties.name} (${properties.camera})`;
  return anchor;
}

function searching(box) {
  const [field, status] = [box.querySelector("input"), box.querySelector("[role=status]")];
  const rows = [...document.querySelectorAll("tbody tr")];
  box.hidden = false;
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
      shown += row.hidden ? 0 : 1;
    }
    status.textContent = wanted ? `${shown} / ${rows.length}` : "";
  });
}

async function mapping(place) {
  const picked = document.getElementById("picked");
  if (!window.maplibregl || !document.createElement("canvas").getContext("webgl2")) {
    place.hidden = true;
    picked.textContent = "This browser cannot draw the map; the list holds the same cameras. 浏览器无法绘制地图，列表数据相同。";
    return;
  }
  const cameras = await features();
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const map = new maplibregl.Map({
    container: place, attributionControl: false, dragRotate: false, zoom: 11, center: [0, 0],
    style: { version: 8, sources: {}, layers: [{ id: "back", type: "background", paint: { "background-color": dark ? "#10161d" : "#eef1f4" } }] },
  });
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-left");
  map.addControl(new maplibregl.ScaleControl(), "bottom-left");
  place.maplibre = map;
  const box = new maplibregl.LngLatBounds();
  for (const each of cameras.features) box.extend(each.geometry.coordinates);
  map.on("load", () => {
    map.addSource("cameras", { type: "geojson", data: cameras });
    const ink = dark ? "#e6ebf0" : "#1d2733";
    map.addLayer({ id: "cameras", type: "circle", source: "cameras", paint: {
      "circle-radius": 6, "circle-stroke-width": 2, "circle-stroke-color": ink,
      "circle-color": ["case", ["get", "declared"], ink, dark ? "#10161d" : "#ffffff"] } });
    if (!box.isEmpty()) map.fitBounds(box, { padding: 30, animate: false, maxZoom: 17 });
    map.on("click", ({ point }) => {
      const around = [[point.x - 8, point.y - 8], [point.x + 8, point.y + 8]];
      const found = map.queryRenderedFeatures(around, { layers: ["cameras"] }).slice(0, 12);
      picked.replaceChildren(...found.flatMap((each) => [link(each.properties), document.createElement("br")]));
    });
  });
}

for (const box of document.querySelectorAll("#search")) searching(box);
for (const place of document.querySelectorAll("#map")) {
  mapping(place).catch((problem) => { document.getElementById("picked").textContent = String(problem); });
}
