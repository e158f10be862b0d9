// Runs in a copy of a page, behind axe-core, and posts what is wrong with it to its parent, a line
// each. Run by tests/e2e/pages.rs.
(async () => {
  const faults = [];
  const say = (text) => faults.push(text.replace(/[<>&\n]/g, " ").slice(0, 300));
  try {
    // What loads may fail, and fire, a little later.
    await new Promise((done) => setTimeout(done, 300));
    if (window.canary) say("hostile text ran: " + window.canary);
    for (const element of document.querySelectorAll("body *")) {
      for (const { name, value } of element.attributes) {
        if (name.startsWith("on")) say("an event handler: " + element.outerHTML);
        if (/^\s*javascript:/i.test(value)) say("a script in an address: " + element.outerHTML);
      }
      if (element.id !== "filters" && ["IMG", "IFRAME", "OBJECT", "EMBED", "LINK", "BASE", "FORM"].includes(element.tagName)) {
        say("foreign element: " + element.outerHTML);
      }
    }
    const outcome = await axe.run(document, { resultTypes: ["violations"] });
    for (const violation of outcome.violations) {
      const nodes = violation.nodes.map((node) => node.target.join(" "));
      say("axe " + violation.id + " at " + nodes.slice(0, 3).join(", "));
    }
    const root = document.documentElement;
    for (const zoom of [0.9, 1, 1.25, 1.5, 2]) {
      root.style.zoom = zoom;
      for (const svg of document.querySelectorAll("svg")) {
        const box = svg.getBoundingClientRect();
        for (const text of svg.querySelectorAll("text")) {
          const at = text.getBoundingClientRect();
          const inside =
            at.left >= box.left - 1 && at.right <= box.right + 1 &&
            at.top >= box.top - 1 && at.bottom <= box.bottom + 1;
          if (!inside) say("at " + zoom + " the text `" + text.textContent + "` leaves its chart");
        }
      }
      for (const cell of document.querySelectorAll(".stacks > div, .heat td, .pair > span")) {
        if (cell.scrollWidth > cell.clientWidth + 1) {
          say("at " + zoom + " `" + cell.textContent + "` is cut");
        }
      }
    }
    root.style.zoom = 1;
    if (root.scrollWidth > root.clientWidth) {
      say("the page is " + root.scrollWidth + " wide in " + root.clientWidth);
      for (const element of document.querySelectorAll("body *")) {
        const scrolls = element.parentElement.closest(".table, pre, svg");
        const right = element.getBoundingClientRect().right;
        if (!scrolls && right > root.clientWidth + 1) say("too wide: " + element.outerHTML);
      }
    }
  } catch (error) {
    say("the check failed: " + error);
  }
  parent.postMessage(faults.join("\n") + "\nchecked", "*");
})();
