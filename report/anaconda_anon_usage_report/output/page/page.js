"use strict";
// Show the values of a period where the pointer or the keyboard is. Without this script, the
// page lacks nothing but that.
{
  const data = JSON.parse(document.getElementById("data").textContent);
  const count = data.periods.length;
  const number = new Intl.NumberFormat("en-US");

  const text = (value, total) => {
    if (typeof value !== "number") return value ?? "–";
    const share = total ? ` (${((value * 100) / total).toFixed(1)}%)` : "";
    return number.format(value) + share;
  };

  for (const plot of document.querySelectorAll("[data-chart]")) {
    const chart = data.charts[plot.dataset.chart];
    const image = plot.querySelector("svg");
    const tip = plot.querySelector(".tip");
    const guide = plot.querySelector(".guide");
    let shown = -1;

    const hide = () => {
      shown = -1;
      tip.hidden = true;
      guide.setAttribute("visibility", "hidden");
    };

    const show = (index) => {
      shown = Math.min(Math.max(index, 0), count - 1);
      const values = chart.series.map((series) => series.values[shown]);
      const numbers = values.filter((value) => typeof value === "number");
      const total = chart.shares ? numbers.reduce((sum, value) => sum + value, 0) : 0;
      const head = document.createElement("strong");
      head.textContent = data.periods[shown] + (data.incomplete[shown] ? " (incomplete)" : "");
      tip.replaceChildren(head);
      chart.series.forEach((series, position) => {
        const line = document.createElement("div");
        const key = plot.parentElement.querySelectorAll(".legend .key")[position].cloneNode();
        const value = document.createElement("b");
        value.textContent = text(values[position], total);
        const name = document.createElement("span");
        name.textContent = series.name;
        line.append(key, name, value);
        tip.append(line);
      });
      tip.hidden = false;
      const center = ((shown + 0.5) * 100) / count;
      guide.setAttribute("x1", `${center}%`);
      guide.setAttribute("x2", `${center}%`);
      guide.setAttribute("visibility", "visible");
      const room = plot.clientWidth - tip.offsetWidth;
      const x = (center / 100) * plot.clientWidth;
      const right = x + 12;
      tip.style.left = `${right <= room ? right : Math.max(Math.min(x - tip.offsetWidth - 12, room), 0)}px`;
    };

    const follow = (event) => {
      const box = plot.getBoundingClientRect();
      show(Math.floor(((event.clientX - box.left) / box.width) * count));
    };

    plot.addEventListener("pointermove", follow);
    plot.addEventListener("pointerdown", follow);
    plot.addEventListener("pointerleave", hide);
    image.addEventListener("blur", hide);
    image.addEventListener("keydown", (event) => {
      const last = shown < 0 ? count : shown;
      const goal = { ArrowLeft: last - 1, ArrowRight: last + 1, Home: 0, End: count - 1 };
      if (event.key === "Escape") hide();
      else if (event.key in goal) {
        event.preventDefault();
        show(goal[event.key]);
      }
    });
    image.setAttribute("tabindex", "0");
  }
}
