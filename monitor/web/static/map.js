// The map: streets, schools, named areas, gaps and cameras, without tiles, glyphs or another host.
// Geometry is given once; ratios follow as feature state, camera words as small differences.

import { RATIO, STATUS, STEPS, picture } from "./shapes.js";

const EMPTY = { type: "FeatureCollection", features: [] };
const PLACE_SOURCES = { street: "streets", school: "schools", key_area: "key_areas" };
const THEMES = {
  light: { back: "#eef1f4", ink: "#1d2733", halo: "#ffffff", casing: "#ffffff", never: "#3c4653", lost: "#7a0000" },
  dark: { back: "#10161d", ink: "#e6ebf0", halo: "#10161d", casing: "#05080b", never: "#c4ccd6", lost: "#ffb3ab" },
};
export const LAYERS = {
  street: ["street-casing", "street", "street-hit"],
  labels: ["street-label"],
  school: ["school-fill", "school-line", "school-point"],
  key_area: ["key_area-fill", "key_area-line"],
  gaps_dark: ["gap-dark"],
  gaps_never: ["gap-never"],
  cameras_layer: ["camera"],
};

export function possible() {
  return Boolean(window.maplibregl && document.createElement("canvas").getContext("webgl2"));
}

export function draw(container, theme, events) {
  let colours = THEMES[theme];
  // wall screens have larger letters (console.css): pictures on the map grow with them
  const scale = parseFloat(getComputedStyle(document.documentElement).fontSize) / 15;
  let shown = "effective";
  let selected = null;
  const ratios = new Map();
  const words = new Map();
  const kinds = new Map();
  const labels = new Set();
  const map = new maplibregl.Map({
    container,
    style: { version: 8, sources: {}, layers: [{ id: "back", type: "background", paint: { "background-color": colours.back } }] },
    center: [0, 0], zoom: 12, attributionControl: false, dragRotate: false, pitchWithRotate: false,
    maxZoom: 20,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-left");
  map.addControl(new maplibregl.ScaleControl(), "bottom-left");
  container.maplibre = map; // for tests and for curious people at the browser's console
  const ready = new Promise((resolve) => map.once("load", resolve)).then(build);

  function ratioPaint() {
    const value = ["feature-state", shown];
    const steps = (ratio, out) => ["case", ["==", ratio, 0], out(1),
      ...STEPS.flatMap((step, index) => [["<", ratio, step], out(2 + index)]), out(5)];
    const colour = steps(value, (index) => RATIO[index].colour);
    const upper = ["feature-state", "upper"];
    const number = (ratio) => ["==", ["typeof", ratio], "number"];
    // what hangs on cameras of unknown state has the colour of the unknown, not of nothing
    const known = shown === "effective"
      ? ["all", number(value), number(upper), ["==", steps(value, (index) => index), steps(upper, (index) => index)]]
      : number(value);
    return ["case", known, colour, RATIO[0].colour];
  }

  const chosen = (yes, no) => ["case", ["boolean", ["feature-state", "selected"], false], yes, no];
  const byZoom = (near, far) => ["interpolate", ["exponential", 1.5], ["zoom"], 11, far, 17, near];

  function build() {
    for (const name of ["streets", "schools", "key_areas", "gaps", "cameras"]) {
      map.addSource(name, { type: "geojson", data: EMPTY });
    }
    for (const kind of ["key_area", "school"]) {
      const source = PLACE_SOURCES[kind];
      map.addLayer({ id: `${kind}-fill`, type: "fill", source, filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "fill-color": ratioPaint(), "fill-opacity": chosen(0.55, kind === "school" ? 0.3 : 0.22) } });
      map.addLayer({ id: `${kind}-line`, type: "line", source, filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "line-color": ratioPaint(), "line-width": chosen(4, 2), ...(kind === "key_area" ? { "line-dasharray": [4, 1.5] } : {}) } });
    }
    map.addLayer({ id: "school-point", type: "circle", source: "schools", filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-radius": 9, "circle-color": ratioPaint(), "circle-opacity": 0.35, "circle-stroke-width": chosen(4, 2), "circle-stroke-color": ratioPaint() } });
    const round = { "line-cap": "round", "line-join": "round" };
    map.addLayer({ id: "street-casing", type: "line", source: "streets", layout: round,
      paint: { "line-color": chosen("#1a73e8", colours.casing), "line-width": byZoom(chosen(20, 11), chosen(6, 2)) } });
    map.addLayer({ id: "street", type: "line", source: "streets", layout: round,
      paint: { "line-color": ratioPaint(), "line-width": byZoom(8, 1.2) } });
    map.addLayer({ id: "street-hit", type: "line", source: "streets",
      paint: { "line-color": "#000", "line-opacity": 0, "line-width": 16 } });
    map.addLayer({ id: "gap-never", type: "line", source: "gaps", minzoom: 13.5, filter: ["==", ["get", "kind"], "never"],
      paint: { "line-color": colours.never, "line-width": byZoom(2.4, 0.5), "line-dasharray": [1, 2] } });
    map.addLayer({ id: "gap-dark", type: "line", source: "gaps", filter: ["==", ["get", "kind"], "dark"],
      paint: { "line-color": colours.lost, "line-width": byZoom(5, 1.2), "line-dasharray": [2, 1] } });
    map.addLayer({ id: "street-label", type: "symbol", source: "streets", minzoom: 14.5,
      layout: { "symbol-placement": "line-center", "icon-image": ["concat", "label:", ["coalesce", ["get", "place"], ""]],
        "icon-rotation-alignment": "map", "icon-keep-upright": true, "icon-padding": 6, "icon-offset": [0, -15 * scale] } });
    for (const status of Object.keys(STATUS)) {
      map.addImage(status, picture(status, false), { pixelRatio: 2 });
      map.addImage(`${status}-simulated`, picture(status, true), { pixelRatio: 2 });
    }
    map.addLayer({ id: "camera", type: "symbol", source: "cameras",
      layout: { "icon-allow-overlap": true, "icon-ignore-placement": true,
        "icon-size": ["interpolate", ["linear"], ["zoom"], 11, 0.35 * scale, 15, 0.8 * scale, 18, 1.15 * scale],
        "icon-image": ["concat", ["get", "status"], ["case", ["boolean", ["get", "simulated"], false], "-simulated", ""]],
        "symbol-sort-key": ["match", ["get", "status"], ...Object.entries(STATUS).flatMap(([word, look]) => [word, look.sort]), 0] } });
    map.on("styleimagemissing", ({ id }) => {
      if (!id.startsWith("label:")) return;
      labels.add(id);
      map.addImage(id, written(id.slice(6)), { pixelRatio: 2 });
    });
    map.on("click", pick);
    map.on("mousemove", ({ point }) => {
      map.getCanvas().style.cursor = hit(point) ? "pointer" : "";
    });
  }

  // Street names are drawn with the fonts of this computer: no glyph server in an isolated network.
  function written(text) {
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    const font = `${24 * scale}px "Noto Sans CJK SC","Microsoft YaHei","PingFang SC",system-ui,sans-serif`;
    pen.font = font;
    const name = text.length > 40 ? `${text.slice(0, 39)}…` : text;
    canvas.width = Math.max(2, Math.ceil(pen.measureText(name).width) + 12);
    canvas.height = Math.ceil(36 * scale);
    pen.font = font;
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    pen.lineWidth = 6;
    pen.strokeStyle = colours.halo;
    pen.strokeText(name, 6, 19 * scale);
    pen.fillStyle = colours.ink;
    pen.fillText(name, 6, 19 * scale);
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  }

  function hit(point) {
    const around = [[point.x - 6, point.y - 6], [point.x + 6, point.y + 6]];
    const visible = (layers) => layers.filter((id) => map.getLayer(id) && map.getLayoutProperty(id, "visibility") !== "none");
    const layers = visible(["camera"]);
    const camera = layers.length ? map.queryRenderedFeatures(around, { layers }) : [];
    if (camera.length) return { camera: camera[0] };
    const under = visible(["street-hit", "school-fill", "school-point", "key_area-fill"]);
    const place = under.length ? map.queryRenderedFeatures(point, { layers: under }) : [];
    return place.length ? { place: place[0] } : null;
  }

  function pick({ point }) {
    const found = hit(point);
    if (found?.camera) events.camera(found.camera.properties.camera_code);
    else if (found?.place) events.place(found.place.id);
    else events.nothing();
  }

  function frame(collections) {
    const box = new maplibregl.LngLatBounds();
    const walk = (part) => (typeof part[0] === "number" ? box.extend(part) : part.forEach(walk));
    for (const each of collections) {
      for (const feature of each.features) {
        if (feature.geometry?.coordinates?.length) walk(feature.geometry.coordinates);
      }
    }
    return box;
  }

  function state(id, value) {
    const source = PLACE_SOURCES[kinds.get(id)];
    if (source) map.setFeatureState({ source, id }, value);
  }

  return {
    ready,
    // shapes: collection by source name. Frames the city the first time.
    geometry(shapes, first) {
      for (const [kind, source] of Object.entries(PLACE_SOURCES)) {
        for (const feature of shapes[source].features) kinds.set(feature.id, kind);
        map.getSource(source).setData(shapes[source]);
      }
      words.clear();
      for (const feature of shapes.cameras.features) words.set(feature.id, feature.properties.status);
      map.getSource("cameras").setData(shapes.cameras);
      ratios.clear();
      const box = frame(Object.values(shapes));
      if (first && !box.isEmpty()) map.fitBounds(box, { padding: 40, animate: false, maxZoom: 17 });
    },
    gaps(collection) { map.getSource("gaps").setData(collection); },
    // pulse: ids by status, [designed, effective, upper] by place id. Only what changed is touched.
    numbers(pulse) {
      for (const [key, values] of Object.entries(pulse.places)) {
        const id = Number(key);
        const text = values.join();
        if (ratios.get(id) === text) continue;
        ratios.set(id, text);
        state(id, { designed: values[0], effective: values[1], upper: values[2], excess: values[3] });
      }
      const update = [];
      for (const [status, ids] of Object.entries(pulse.cameras)) {
        for (const id of ids) {
          if (!words.has(id) || words.get(id) === status) continue;
          words.set(id, status);
          update.push({ id, addOrUpdateProperties: [{ key: "status", value: status }] });
        }
      }
      if (update.length) map.getSource("cameras").updateData({ update });
    },
    colourBy(figure) {
      shown = figure;
      for (const kind of ["school", "key_area"]) {
        map.setPaintProperty(`${kind}-fill`, "fill-color", ratioPaint());
        map.setPaintProperty(`${kind}-line`, "line-color", ratioPaint());
      }
      map.setPaintProperty("school-point", "circle-color", ratioPaint());
      map.setPaintProperty("school-point", "circle-stroke-color", ratioPaint());
      map.setPaintProperty("street", "line-color", ratioPaint());
    },
    toggle(layer, visible) {
      for (const id of LAYERS[layer]) map.setLayoutProperty(id, "visibility", visible ? "visible" : "none");
    },
    select(id) {
      if (selected !== null) state(selected, { selected: false });
      selected = id;
      if (id !== null) state(id, { selected: true });
    },
    // hidden: width in pixels at the right that a panel covers.
    fly(lon, lat, hidden) {
      map.flyTo({ center: [lon, lat], zoom: Math.max(map.getZoom(), 16.5), offset: [-hidden / 2, 0], speed: 2 });
    },
    fit(geometry, hidden) {
      const box = frame([{ features: [{ geometry }] }]);
      const padding = { top: 60, left: 60, bottom: 60, right: 60 + hidden };
      if (!box.isEmpty()) map.fitBounds(box, { padding, maxZoom: 17.5, speed: 2 });
    },
    theme(name) {
      colours = THEMES[name];
      map.setPaintProperty("back", "background-color", colours.back);
      map.setPaintProperty("street-casing", "line-color", chosen("#1a73e8", colours.casing));
      map.setPaintProperty("gap-never", "line-color", colours.never);
      map.setPaintProperty("gap-dark", "line-color", colours.lost);
      for (const id of labels) map.updateImage(id, written(id.slice(6)));
    },
  };
}
