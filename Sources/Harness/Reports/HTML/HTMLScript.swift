/// The report's script, which only filters the page and moves the focus.
enum HTMLScript {
  /// The JavaScript source; it reads the URL fragment.
  ///
  /// `#m=MECHANISM&p=PAIRING&q=TEXT` filters, `#costs` shows the costs tab, and `#cell-...` opens a failure.
  static let text: StaticString = """
    (function () {
      "use strict";
      function part(id) { return document.getElementById(id); }
      function all(selector) { return Array.from(document.querySelectorAll(selector)); }
      var form = part("filter"), search = part("search"), shown = part("shown"), clear = part("clear");
      var results = part("results"), costs = part("costs"), failures = part("failures");
      var cells = all("article"), rows = all("#scenarios tbody tr"), groups = all("#scenarios details");
      var opened = [];
      function text(element) {
        if (element.searched === undefined) { element.searched = element.textContent.toLowerCase(); }
        return element.searched;
      }
      function fields() {
        return new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
      }
      function contains(element, words) {
        return words.every(function (word) { return text(element).includes(word); });
      }
      function showCosts(isShown) {
        if (!costs) { return; }
        costs.hidden = !isShown;
        results.hidden = isShown;
        all("nav a").forEach(function (link) {
          if (link.hash === (isShown ? "#costs" : "#results")) { link.setAttribute("aria-current", "page"); }
          else { link.removeAttribute("aria-current"); }
        });
      }
      function filter(wanted) {
        var words = (wanted.get("q") || "").toLowerCase().split(/\\s+/).filter(Boolean), count = 0;
        var mechanism = wanted.get("m"), pairing = wanted.get("p"), isFiltered = Boolean(mechanism || words.length);
        if (document.activeElement !== search) { search.value = wanted.get("q") || ""; }
        cells.forEach(function (cell) {
          cell.hidden = Boolean(mechanism && cell.dataset.mechanism !== mechanism)
            || Boolean(pairing && !cell.dataset.pairing.split("|").includes(pairing)) || !contains(cell, words);
          if (!cell.hidden) { count += 1; }
        });
        rows.forEach(function (row) { row.hidden = !contains(row, words); });
        groups.forEach(function (group) {
          group.hidden = Boolean(mechanism && group.dataset.mechanism !== mechanism)
            || !group.querySelector("tbody tr:not([hidden])");
          if (isFiltered && !group.hidden && !group.open) { group.open = true; opened.push(group); }
        });
        if (!isFiltered) { opened.splice(0).forEach(function (group) { group.open = false; }); }
        clear.hidden = !isFiltered;
        var place = [mechanism, pairing].filter(Boolean).join(", ");
        shown.textContent = (cells.length ? count + " of " + cells.length + " failures" : "no failures")
          + (place ? " in " + place : "");
        return count;
      }
      function apply() {
        var hash = location.hash, cell = hash.startsWith("#cell-") ? part(hash.slice(1)) : null;
        // The part of a broken cell is in the article of the failure that broke it.
        cell = cell && cell.closest("article");
        showCosts(hash === "#costs");
        filter(fields());
        if (cell) {
          cell.querySelector("details").open = true;
          cell.scrollIntoView();
          cell.querySelector("summary").focus({ preventScroll: true });
        }
      }
      function follow() {
        apply();
        if (fields().has("m")) {
          (cells.some(function (cell) { return !cell.hidden; }) ? failures : part("scenarios")).scrollIntoView();
        } else if (location.hash && !location.hash.startsWith("#cell-")) {
          var target = part(location.hash.slice(1));
          if (target) { target.scrollIntoView(); }
        }
      }
      function set(wanted) {
        history.replaceState(null, "", String(wanted) ? "#" + wanted : location.pathname + location.search);
        apply();
      }
      function reset() { search.value = ""; set(""); }
      search.addEventListener("input", function () {
        var wanted = fields();
        if (search.value) { wanted.set("q", search.value); } else { wanted.delete("q"); }
        set(wanted);
      });
      clear.addEventListener("click", reset);
      form.addEventListener("submit", function (event) { event.preventDefault(); });
      window.addEventListener("hashchange", follow);
      window.addEventListener("beforeprint", function () {
        cells.forEach(function (cell) { cell.querySelector("details").open = true; });
      });
      document.addEventListener("keydown", function (event) {
        if (event.ctrlKey || event.metaKey || event.altKey) { return; }
        if (event.key === "Escape" && (document.activeElement === search || !clear.hidden)) { search.blur(); reset(); }
        if (document.activeElement === search) { return; }
        if (event.key === "/") { event.preventDefault(); search.focus(); }
        if (event.key === "j" || event.key === "k") {
          var summaries = cells.filter(function (cell) { return !cell.hidden; }).map(function (cell) {
            return cell.querySelector("summary");
          });
          var next = summaries.indexOf(document.activeElement) + (event.key === "j" ? 1 : -1);
          if (summaries[next]) { summaries[next].focus(); }
        }
      });
      all("code.copy").forEach(function (code) {
        if (!navigator.clipboard) { return; }
        var button = document.createElement("button");
        button.type = "button"; button.textContent = "Copy";
        button.addEventListener("click", function () {
          navigator.clipboard.writeText(code.textContent).then(function () { button.textContent = "Copied"; });
        });
        code.after(" ", button);
      });
      form.hidden = false;
      apply();
    })();
    """
}
