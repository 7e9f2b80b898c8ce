// @ts-check
/**
 * A signature pad: smoothed strokes kept as data, so that the PDF gets vectors and turning the phone keeps them.
 * Coordinates are in units of the pad's width; a stroke's width follows the pen's pressure or the hand's speed.
 */

/** @typedef {{x: number, y: number, at: number, pressure: number}} Point */
/** @typedef {{left: number, right: number, top: number, bottom: number}} Box */

const INK = "#10213f";
const NIB = 0.0085; // of the pad's width, at a calm speed
const CLOSEST = 0.002; // two points nearer than this are one
const DOT = 0.004; // radius of a tap
const MARGIN = 0.012; // around the cut-out picture

export class Pad {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    const context = canvas.getContext("2d");
    if (!context) throw new Error("This browser cannot draw. Please choose Type.");
    this.canvas = canvas;
    this.context = context;
    /** @type {Point[][]} */
    this.strokes = [];
    /** @type {Point[] | null} */
    this.current = null;
    this.onchange = () => {};
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", () => this.#end());
    canvas.addEventListener("pointercancel", () => this.#end());
    new ResizeObserver(() => this.fit()).observe(canvas);
  }

  get empty() {
    return this.strokes.every((stroke) => stroke.length < 2);
  }

  clear() {
    this.strokes = [];
    this.draw();
    this.onchange();
  }

  undo() {
    this.strokes.pop();
    this.draw();
    this.onchange();
  }

  /** Give the canvas as many pixels as the screen has, and draw again. */
  fit() {
    const density = Math.max(1, devicePixelRatio);
    const box = this.canvas.getBoundingClientRect();
    if (!box.width) return;
    this.canvas.width = Math.round(box.width * density);
    this.canvas.height = Math.round(box.height * density);
    this.draw();
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    if (event.button) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.current = [];
    this.strokes.push(this.current);
    this.#add(event);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.current) return;
    for (const between of event.getCoalescedEvents?.() ?? []) this.#add(between);
    this.#add(event);
    this.draw();
  }

  #end() {
    if (!this.current) return;
    this.current = null;
    this.draw();
    this.onchange();
  }

  /** @param {PointerEvent} event */
  #add(event) {
    const box = this.canvas.getBoundingClientRect();
    const point = {
      x: (event.clientX - box.left) / box.width,
      y: (event.clientY - box.top) / box.width,
      at: event.timeStamp,
      pressure: event.pointerType === "pen" ? event.pressure : 0,
    };
    const last = this.current?.at(-1);
    if (last && Math.hypot(last.x - point.x, last.y - point.y) < CLOSEST) return;
    this.current?.push(point);
  }

  draw() {
    const { context, canvas } = this;
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.strokeStyle = context.fillStyle = INK;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.strokes) {
      if (stroke.length === 1) this.#dot(stroke[0]);
      else this.#line(stroke);
    }
  }

  /** @param {Point} point */
  #dot(point) {
    const scale = this.canvas.width;
    this.context.beginPath();
    this.context.arc(point.x * scale, point.y * scale, DOT * scale, 0, 2 * Math.PI);
    this.context.fill();
  }

  /**
   * One curve from middle to middle of neighbouring points, each with its own width.
   * @param {Point[]} stroke
   */
  #line(stroke) {
    const scale = this.canvas.width;
    const widths = strokeWidths(stroke);
    for (let index = 1; index < stroke.length; index++) {
      const from = stroke[index - 1];
      const to = stroke[index];
      const before = stroke[index - 2] ?? from;
      this.context.beginPath();
      this.context.lineWidth = widths[index] * scale;
      this.context.moveTo(((before.x + from.x) / 2) * scale, ((before.y + from.y) / 2) * scale);
      const endX = ((from.x + to.x) / 2) * scale;
      const endY = ((from.y + to.y) / 2) * scale;
      this.context.quadraticCurveTo(from.x * scale, from.y * scale, endX, endY);
      this.context.stroke();
    }
  }

  /** @returns {Box} around everything drawn */
  #box() {
    const points = this.strokes.flat();
    return {
      left: Math.min(...points.map((point) => point.x)),
      right: Math.max(...points.map((point) => point.x)),
      top: Math.min(...points.map((point) => point.y)),
      bottom: Math.max(...points.map((point) => point.y)),
    };
  }

  /**
   * For the server: strokes of [x, y], in units of the pad's width.
   * @returns {number[][][]}
   */
  data() {
    return this.strokes.map((stroke) => stroke.map((point) => [rounded(point.x), rounded(point.y)]));
  }

  /** @returns {HTMLCanvasElement} what was drawn, cut to its box */
  picture() {
    const box = this.#box();
    const scale = this.canvas.width;
    const cut = document.createElement("canvas");
    cut.width = Math.max(1, (box.right - box.left + 2 * MARGIN) * scale);
    cut.height = Math.max(1, (box.bottom - box.top + 2 * MARGIN) * scale);
    const context = cut.getContext("2d");
    context?.drawImage(this.canvas, (MARGIN - box.left) * scale, (MARGIN - box.top) * scale);
    return cut;
  }
}

/** @param {number} number */
function rounded(number) {
  return Math.round(number * 10_000) / 10_000;
}

/**
 * A fast hand draws thin, a slow one thick; the change is smoothed.
 * @param {Point[]} stroke
 */
function strokeWidths(stroke) {
  let smooth = 0.6;
  return stroke.map((point, index) => {
    const before = stroke[Math.max(0, index - 1)];
    const distance = Math.hypot(point.x - before.x, point.y - before.y);
    const speed = (distance / Math.max(1, point.at - before.at)) * 1000;
    const wanted = point.pressure ? 0.35 + point.pressure : 1.15 - Math.min(0.75, speed * 0.28);
    smooth = smooth * 0.72 + wanted * 0.28;
    return smooth * NIB;
  });
}
