"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;

  for (const image of document.querySelectorAll("img[data-picture]")) {
    image.src = data.pictures[Number(image.dataset.picture)];
  }

  document.getElementById("language").addEventListener("click", () => {
    root.dataset.language = root.dataset.language === "en" ? "zh" : "en";
    root.lang = root.dataset.language;
  });

  // Tables: numbers by value, everything else by its text; what has no value comes last.
  const valueOf = (row, column) => {
    const text = row.cells[column].textContent.trim();
    const number = Number.parseFloat(text);
    return text === "–" || text === "" ? null : Number.isNaN(number) || /^[^\d.+-]/.test(text) ? text : number;
  };
  const order = (a, b) => {
    if (a === null || b === null) return 0;
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const body = table.tBodies[0];
      const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
      rows.sort(([a], [b]) => (a === null) - (b === null) || (down ? order(b, a) : order(a, b)));
      body.append(...rows.map(([, row]) => row));
    }));
  }

  const zoom = document.getElementById("zoom");
  const matrix = document.querySelector(".matrix");
  if (zoom && matrix) zoom.addEventListener("input", () => matrix.style.setProperty("--zoom", zoom.value));

  const panel = document.getElementById("cell");
  const numbers = data.numbers || {};
  const openCell = (key, text) => {
    const title = document.createElement("h3");
    title.textContent = text;
    const gallery = document.createElement("div");
    gallery.className = "gallery";
    for (const [index, path, score] of data.cells[key] || []) {
      const figure = document.createElement("figure");
      figure.title = path;
      if (index in numbers) {
        const image = document.createElement("img");
        image.src = data.pictures[numbers[index]];
        image.alt = "";
        figure.append(image);
      }
      const caption = document.createElement("figcaption");
      caption.textContent = `${path.split("/").pop() || index} ${score.toFixed(2)}`;
      figure.append(caption);
      gallery.append(figure);
    }
    panel.replaceChildren(title, gallery);
  };
  for (const button of document.querySelectorAll("[data-cell]")) {
    button.addEventListener("click", () => {
      document.querySelectorAll("[data-cell].open").forEach((other) => other.classList.remove("open"));
      button.classList.add("open");
      openCell(button.dataset.cell, button.title);
      if (button.classList.contains("link")) panel.scrollIntoView({ block: "nearest" });
    });
  }

  // The matrix of many classes: one square for each cell that has samples, its shade by the share of the row.
  const canvas = document.getElementById("matrix-picture");
  if (canvas) {
    const [rows, columns, counts] = data.matrix;
    const size = Number(canvas.dataset.classes);
    const totals = new Array(size).fill(0);
    rows.forEach((row, place) => { totals[row] += counts[place]; });
    const cells = new Map(rows.map((row, place) => [row * size + columns[place], counts[place]]));
    const edge = Math.max(1, Math.floor(720 / size));
    canvas.width = canvas.height = edge * size;
    const show = () => { canvas.style.width = `${edge * size * (zoom ? zoom.value : 1)}px`; };
    const pen = canvas.getContext("2d");
    rows.forEach((row, place) => {
      pen.fillStyle = row === columns[place] ? "#2563a8" : "#c0392b";
      pen.globalAlpha = 0.25 + 0.75 * counts[place] / totals[row];
      pen.fillRect(columns[place] * edge, row * edge, edge, edge);
    });
    if (zoom) zoom.addEventListener("input", show);
    show();
    canvas.addEventListener("click", (event) => {
      const place = (offset, length) => Math.min(size - 1, Math.floor(offset / length * size));
      const row = place(event.offsetY, canvas.clientHeight);
      const column = place(event.offsetX, canvas.clientWidth);
      const count = cells.get(row * size + column) || 0;
      openCell(`${row},${column}`, `${data.names[row]} → ${data.names[column]}: ${count}`);
    });
  }
})();
