/// The style and the script of HTML pages.
enum HTMLAssets {
  static let style: StaticString = """
    :root { color-scheme: light dark; --text: #1c1e21; --page: #fff; --soft: #f3f4f6; --line: #d3d7dd;
      --good: #0a6b2d; --bad: #b3141b; --part: #8a5a00; --goodback: #e4f5ea; --badback: #fde8e8; --partback: #fdf3d8;
      --mark: #ffd9d9; --link: #0b57b0; }
    @media (prefers-color-scheme: dark) {
      :root { --text: #e6e8eb; --page: #14171a; --soft: #1f2429; --line: #3a4149;
        --good: #6fd693; --bad: #ff8f8f; --part: #f0c05a; --goodback: #12301d; --badback: #3d1a1c; --partback: #38290c;
        --mark: #6b2226; --link: #8ab8ff; } }
    * { box-sizing: border-box; }
    body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); }
    header, main { max-width: 80rem; margin: 0 auto; padding: 1rem; }
    header { border-bottom: 3px solid var(--bad); }
    header.good { border-color: var(--good); }
    h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
    h3, h4 { font-size: 1rem; margin: 1rem 0 .25rem; }
    .good h1, td.good a { color: var(--good); } .bad h1, td.bad a { color: var(--bad); }
    td.good { background: var(--goodback); } td.bad { background: var(--badback); font-weight: bold; }
    td.part { background: var(--partback); } td.part a { color: var(--part); }
    .counts { font-size: 1.1rem; margin: .25rem 0; }
    dl { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0; }
    dl div { display: flex; gap: .5rem; } dt { opacity: .75; } dd { margin: 0; }
    .problems { color: var(--bad); }
    .table { overflow-x: auto; }
    table { border-collapse: collapse; margin: .5rem 0; }
    th, td { border: 1px solid var(--line); padding: .15rem .5rem; text-align: left; vertical-align: top;
      overflow-wrap: anywhere; }
    thead th { background: var(--soft); } thead th, #matrix th { white-space: nowrap; }
    tbody th { font-weight: normal; }
    td.number, #matrix td { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
    a { color: var(--link); } td a, th a { text-decoration: none; } a:focus, summary:focus { outline: 2px solid; }
    article, #scenarios details { border: 1px solid var(--line); border-radius: 4px; margin: .5rem 0;
      padding: .25rem .75rem; }
    article:target { border-color: var(--bad); }
    summary { cursor: pointer; overflow-wrap: anywhere; } summary strong { color: var(--bad); }
    summary code, summary span { margin-left: .75rem; }
    code, .lines { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
    mark { background: var(--mark); color: inherit; } code span, code mark { margin-right: .6em; }
    .lines { list-style: none; padding-left: 1rem; white-space: pre-wrap; }
    #filter input { font: inherit; padding: .2rem .5rem; margin: 0 .5rem; min-width: 14rem; }
    [hidden] { display: none !important; }
    button { font: inherit; margin-left: .5rem; }
    @media print { #filter, button { display: none; } article { break-inside: avoid; } }
    """

  /// Filters by the text in the search field and by `#m=MECHANISM&p=PAIRING&q=TEXT` in the address.
  static let script: StaticString = """
    (function () {
      "use strict";
      var form = document.getElementById("filter"), search = document.getElementById("search");
      var shown = document.getElementById("shown"), cells = Array.from(document.querySelectorAll("article"));
      var texts = cells.map(function (cell) { return cell.textContent.toLowerCase(); });
      function fields() { return new URLSearchParams(location.hash.slice(1)); }
      function apply() {
        if (location.hash.startsWith("#cell-")) {
          var target = document.getElementById(location.hash.slice(1));
          if (target) { target.hidden = false; target.querySelector("details").open = true; }
          return;
        }
        var wanted = fields(), words = (wanted.get("q") || "").toLowerCase(), count = 0;
        if (document.activeElement !== search) { search.value = wanted.get("q") || ""; }
        cells.forEach(function (cell, index) {
          var visible = (!wanted.get("m") || cell.dataset.mechanism === wanted.get("m"))
            && (!wanted.get("p") || cell.dataset.pairing === wanted.get("p")) && texts[index].includes(words);
          cell.hidden = !visible;
          if (visible) { count += 1; }
        });
        document.querySelectorAll("#scenarios details").forEach(function (part) {
          part.hidden = Boolean(wanted.get("m")) && part.dataset.mechanism !== wanted.get("m");
        });
        shown.textContent = cells.length ? count + " of " + cells.length + " failures" : "no failures";
      }
      function set(name, value) {
        var wanted = location.hash.startsWith("#cell-") ? new URLSearchParams() : fields();
        if (value) { wanted.set(name, value); } else { wanted.delete(name); }
        history.replaceState(null, "", "#" + wanted);
        apply();
      }
      search.addEventListener("input", function () { set("q", search.value); });
      form.addEventListener("submit", function (event) { event.preventDefault(); });
      window.addEventListener("hashchange", apply);
      document.addEventListener("keydown", function (event) {
        if (event.key === "Escape") { search.value = ""; search.blur(); history.replaceState(null, "", "#"); apply(); }
        if (document.activeElement === search || event.ctrlKey || event.metaKey || event.altKey) { return; }
        if (event.key === "/") { event.preventDefault(); search.focus(); }
        if (event.key === "j" || event.key === "k") {
          var visible = cells.filter(function (cell) { return !cell.hidden; });
          var parts = visible.map(function (cell) { return cell.querySelector("summary"); });
          var next = parts.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1);
          if (parts[next]) { parts[next].focus(); }
        }
      });
      document.querySelectorAll("code.copy").forEach(function (code) {
        if (!navigator.clipboard) { return; }
        var button = document.createElement("button");
        button.type = "button"; button.textContent = "Copy";
        button.addEventListener("click", function () {
          navigator.clipboard.writeText(code.textContent).then(function () { button.textContent = "Copied"; });
        });
        code.after(button);
      });
      form.hidden = false;
      apply();
    })();
    """
}
