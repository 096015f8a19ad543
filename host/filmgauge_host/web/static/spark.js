// The small chart of a row: state of charge of the last reports, 0 to 100 % over its height.

import { color } from "./dom.js";

const colors = { theme: null };

export function forgetColors() {
  colors.theme = null;
}

function currentColors() {
  if (colors.theme === null) {
    colors.line = color("soc");
    colors.fill = color("soc-faint");
    colors.base = color("line");
    colors.theme = true;
  }
  return colors;
}

/** Draw onto a canvas of this size; spark: { time_ms, soc_pct } or undefined while it is loading. */
export function drawSpark(canvas, spark, width, height) {
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  const c = canvas.getContext("2d");
  c.setTransform(scale, 0, 0, scale, 0, 0);
  c.clearRect(0, 0, width, height);
  const { line, fill, base } = currentColors();
  c.strokeStyle = base;
  c.lineWidth = 1;
  c.beginPath();
  c.moveTo(0, height - 0.5);
  c.lineTo(width, height - 0.5);
  c.stroke();
  const count = spark?.time_ms.length ?? 0;
  if (!count) return;
  const begin = spark.time_ms[0];
  const length = spark.time_ms[count - 1] - begin || 1;
  const x = (at) => 1 + ((width - 3) * (spark.time_ms[at] - begin)) / length;
  const y = (at) => height - 1.5 - ((height - 4) * spark.soc_pct[at]) / 100;
  c.strokeStyle = line;
  c.lineWidth = 1.5;
  c.lineJoin = "round";
  c.beginPath();
  c.moveTo(x(0), y(0));
  for (let at = 1; at < count; at++) c.lineTo(x(at), y(at));
  c.stroke();
  if (count > 1) {
    c.lineTo(x(count - 1), height - 1);
    c.lineTo(x(0), height - 1);
    c.fillStyle = fill;
    c.fill();
  }
  c.fillStyle = line;
  c.beginPath();
  c.arc(x(count - 1), y(count - 1), 1.8, 0, 2 * Math.PI);
  c.fill();
}
