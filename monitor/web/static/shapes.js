// One look per status word, the same in lists and on the map: a colour, a shape, an order.

import { LIMITS } from "./limits.js";

export const STATUS = {
  ONLINE: { path: "M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z", sort: 1 },
  DEGRADED: { path: "M8 1.5L15 14H1z", cut: "M8 6v4M8 11.4v1.4", sort: 6 },
  OFFLINE: { path: "M2 2h12v12H2z", cut: "M5 5l6 6M11 5l-6 6", sort: 8 },
  UNKNOWN: { path: "M8 .8l7.2 7.2-7.2 7.2L.8 8z", cut: "M6.2 6.6a1.8 1.8 0 1 1 2.4 1.7q-.6.3-.6 1M8 10.8v1", sort: 7 },
  EXEMPT: { path: "M8 2a6 6 0 1 0 0 12a6 6 0 1 0 0-12z", cut: "M6.2 5.5v5M9.8 5.5v5", sort: 5 },
  REPAIR: { path: "M5 1.5h6L15 8l-4 6.5H5L1 8z", cut: "M8 5v6M5 8h6", sort: 4 },
  PLANNED: { path: "M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10z", hollow: true, sort: 2 },
  RETIRED: { path: "M3 3h10v10H3z", hollow: true, cut: "M4 12L12 4", sort: 3 },
};

for (const { measure, word, colour } of LIMITS) if (measure === "status") STATUS[word].colour = colour;

const SVG = "http://www.w3.org/2000/svg";

// The shape as an inline drawing; words stand beside it, so it is hidden from screen readers.
export function mark(status) {
  const look = STATUS[status] ?? STATUS.UNKNOWN;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "mark");
  svg.setAttribute("aria-hidden", "true");
  const body = document.createElementNS(SVG, "path");
  body.setAttribute("d", look.path);
  body.setAttribute("fill", look.hollow ? "none" : look.colour);
  if (look.hollow) { body.setAttribute("stroke", look.colour); body.setAttribute("stroke-width", "2"); }
  svg.append(body);
  if (look.cut) {
    const cut = document.createElementNS(SVG, "path");
    cut.setAttribute("d", look.cut);
    cut.setAttribute("fill", "none");
    cut.setAttribute("stroke", look.hollow ? look.colour : "#fff");
    cut.setAttribute("stroke-width", "1.8");
    svg.append(cut);
  }
  return svg;
}

// The same shape as pixels for the map: a white rim, and a dashed ring round simulated cameras.
export function picture(status, simulated, scale = 2) {
  const look = STATUS[status] ?? STATUS.UNKNOWN;
  const side = 26;
  const canvas = Object.assign(document.createElement("canvas"), { width: side * scale, height: side * scale });
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  if (simulated) {
    pen.setLineDash([3, 2.2]);
    pen.lineWidth = 1.6;
    pen.strokeStyle = look.colour;
    pen.beginPath();
    pen.arc(side / 2, side / 2, 11.6, 0, 7);
    pen.stroke();
    pen.setLineDash([]);
  }
  pen.translate(5, 5);
  const body = new Path2D(look.path);
  pen.lineJoin = "round";
  pen.lineWidth = 3;
  pen.strokeStyle = "#fff";
  pen.stroke(body);
  pen.fillStyle = look.hollow ? "#fff" : look.colour;
  pen.fill(body);
  pen.lineWidth = 1.8;
  pen.strokeStyle = look.hollow ? look.colour : "#fff";
  if (look.hollow) pen.stroke(body);
  if (look.cut) pen.stroke(new Path2D(look.cut));
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

// How much is seen, from light to dark: no colour says that more were better.
const coverage = LIMITS.filter((each) => each.measure === "coverage");
export const RATIO = coverage.map(({ word, colour }) => ({ key: word, colour }));
export const STEPS = coverage.slice(3).map((each) => each.at_least);
export const GAP = Object.fromEntries(LIMITS.filter((each) => each.measure === "gap").map((each) => [each.word, each.colour]));

// A colour only where it is known: both ends of the range have the same.
export function ratioColour(low, high = low) {
  const [one, other] = [low, high].map((ratio) => (ratio === null || ratio === undefined
    ? 0 : ratio === 0 ? 1 : 2 + STEPS.filter((step) => ratio >= step).length));
  return RATIO[one === other ? one : 0].colour;
}
