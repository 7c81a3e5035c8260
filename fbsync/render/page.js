(() => {
  "use strict";
  const box = document.getElementById("filter");
  const cards = [...document.querySelectorAll("article.folded")];
  const entries = cards.map((card) => ({
    card,
    row: document.getElementById(card.id.replace("card", "row")),
    text: `${card.textContent} ${card.parentElement.firstElementChild.textContent} ${card.closest("section").firstElementChild.textContent}`.toLowerCase(),
  }));
  const groups = [...document.querySelectorAll("section, .group, .contents tbody")];
  const isShown = (part) => part.querySelector("article.folded:not([hidden]), tr[id]:not([hidden])") !== null;
  const filter = () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const { card, row, text } of entries) {
      const fits = words.every((word) => text.includes(word));
      card.hidden = row.hidden = !fits;
      number += fits ? 1 : 0;
    }
    for (const part of groups) part.hidden = words.length > 0 && !isShown(part);
    document.querySelector(".filter output").textContent = words.length ? `${number} of ${entries.length} shown` : "";
  };
  const open = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const card = target && target.closest("details");
    if (card) card.open = true;
  };
  box.addEventListener("input", filter);
  window.addEventListener("hashchange", open);
  document.querySelector(".filter").hidden = false;
  open();
})();
