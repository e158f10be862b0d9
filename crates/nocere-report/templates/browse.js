// Filters the samples of a run. Every text is set as text, never as markup.
(() => {
  "use strict";
  const STEP = 200;
  const data = JSON.parse(document.getElementById("data").textContent);
  const word = (place) => data.words[place];
  // [page, seq, probe, [target, suite, who, category, expected, outcome], verdicts, errors,
  //  problems, weight, differs, text]
  const rows = data.rows.map((row) => ({
    link: row[0] + ".html#s" + row[1],
    seq: row[1],
    probe: row[2],
    target: word(row[3][0]),
    suite: word(row[3][1]),
    who: word(row[3][2]),
    category: word(row[3][3]),
    expected: word(row[3][4]),
    outcome: word(row[3][5]),
    verdicts: row[4].map(word),
    errors: row[5].map(word),
    problems: row[6].map(word),
    weight: row[7],
    differs: row[8] === 1,
    text: row[9].toLowerCase(),
  }));
  const form = document.getElementById("filters");
  const body = document.getElementById("rows");
  const count = document.getElementById("count");
  const more = document.getElementById("more");
  let shown = STEP;
  let found = rows;

  const option = (select, value, text) => {
    const element = document.createElement("option");
    element.value = value;
    element.textContent = text;
    select.append(element);
  };
  const fill = (name, values, title) => {
    const select = form.elements[name];
    option(select, "", "any");
    [...new Set(values)].sort().forEach((value) => option(select, value, title ? title(value) : value));
  };
  const simple = ["who", "target", "suite", "category", "expected", "outcome"];
  simple.forEach((name) => fill(name, rows.map((row) => row[name])));
  fill("verdict", rows.flatMap((row) => row.verdicts));
  fill("figure", rows.flatMap((row) => row.errors), (id) => data.figures[id] || id);

  const isUnscored = (row) => row.verdicts.some((verdict) => verdict.endsWith(": unscored"));
  const isScored = (row) => row.verdicts.some((verdict) => !verdict.endsWith(": unscored"));
  const which = {
    "": () => true,
    errors: (row) => row.problems.length > 0,
    passed: (row) => row.problems.length === 0 && isScored(row),
    unscored: isUnscored,
    split: (row) => row.differs,
  };

  const cell = (row, text) => {
    const element = document.createElement("td");
    element.textContent = text;
    row.append(element);
    return element;
  };
  const draw = () => {
    body.replaceChildren();
    found.slice(0, shown).forEach((row) => {
      const line = document.createElement("tr");
      const link = document.createElement("a");
      link.href = row.link;
      link.textContent = row.probe;
      cell(line, "").append(link);
      [row.who, row.category, row.target, row.expected, row.problems.join("; "), row.verdicts.join("; ")]
        .forEach((text) => cell(line, text));
      body.append(line);
    });
    count.textContent = found.length + " of " + rows.length + " samples" +
      (found.length > shown ? ", the first " + shown + " shown" : "");
    more.hidden = found.length <= shown;
  };
  const filter = () => {
    const value = (name) => form.elements[name].value;
    const words = value("words").toLowerCase().split(/\s+/).filter(Boolean);
    found = rows.filter((row) =>
      simple.every((name) => !value(name) || row[name] === value(name)) &&
      (!value("verdict") || row.verdicts.includes(value("verdict"))) &&
      (!value("figure") || row.errors.includes(value("figure"))) &&
      which[value("which")](row) &&
      words.every((part) => row.text.includes(part) || row.probe.toLowerCase().includes(part)));
    if (value("sort") !== "plan") found = [...found].sort((a, b) => b.weight - a.weight || a.seq - b.seq);
    shown = STEP;
    draw();
  };
  // A link from the report names filters behind the #.
  const read = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    for (const element of form.elements) {
      if (!element.name) continue;
      element.value = wanted.get(element.name) || "";
      if (element.selectedIndex === -1) {
        option(element, wanted.get(element.name), wanted.get(element.name));
        element.value = wanted.get(element.name);
      }
    }
    filter();
  };
  form.addEventListener("input", () => {
    const kept = new URLSearchParams();
    for (const element of form.elements) if (element.value) kept.set(element.name, element.value);
    history.replaceState(null, "", "#" + kept);
    filter();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", read);
  more.addEventListener("click", () => { shown += STEP; draw(); });
  form.hidden = false;
  document.getElementById("head").hidden = false;
  read();
})();
