/// A self-contained HTML page that loads no other files and works without JavaScript.
enum HTMLPage {
  /// Returns the text of a page; `body` writes its body.
  static func text(title: String, script: StaticString? = nil, body: (inout XMLWriter) -> Void) -> String {
    var page = XMLWriter("<!DOCTYPE html>")
    page.element("html", [("lang", "en")]) { page in
      page.element("head") { page in
        page.element("meta", [("charset", "utf-8")])
        page.element("meta", [("name", "viewport"), ("content", "width=device-width, initial-scale=1")])
        page.element("title", display: title)
        page.element("style", raw: style)
      }
      page.element("body") { page in
        body(&page)
        if let script { page.element("script", raw: script) }
      }
    }
    return page.text
  }

  private static let style: StaticString = """
    :root { color-scheme: light dark; --text: #1c1e21; --page: #fff; --soft: #f3f4f6; --faint: #59616b;
      --line: #d3d7dd; --good: #0a6b2d; --bad: #b3141b; --part: #7d5000; --goodback: #e4f5ea; --badback: #fde8e8;
      --partback: #fdf3d8; --mark: #ffd2d2; --link: #0b57b0; }
    @media (prefers-color-scheme: dark) {
      :root { --text: #e6e8eb; --page: #14171a; --soft: #1f2429; --faint: #a3abb5; --line: #3a4149;
        --good: #6fd693; --bad: #ff8f8f; --part: #f0c05a; --goodback: #12301d; --badback: #3d1a1c;
        --partback: #38290c; --mark: #7a2a2f; --link: #8ab8ff; } }
    @media print { :root { color-scheme: light; } }
    * { box-sizing: border-box; }
    html { scroll-padding-top: 3.5rem; }
    body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page);
      overflow-wrap: break-word; }
    header, main, nav { max-width: 80rem; margin: 0 auto; padding: .75rem 1rem; }
    header { border-bottom: 3px solid var(--line); }
    header.good { border-color: var(--good); } header.bad { border-color: var(--bad); }
    .good h1 { color: var(--good); } .bad h1 { color: var(--bad); }
    h1 { font-size: 1.4rem; margin: 0; line-height: 1.3; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
    h3, h4 { font-size: 1rem; margin: 1rem 0 .25rem; }
    section:first-child h2 { margin-top: .5rem; }
    .counts { font-size: 1.1rem; margin: .25rem 0; } .faint, dt { color: var(--faint); }
    .problems { color: var(--bad); } .notes { color: var(--part); }
    dl { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0; }
    dl div { display: flex; gap: .5rem; } dd { margin: 0; overflow-wrap: anywhere; }
    nav { position: sticky; top: 0; z-index: 1; background: var(--page); border-bottom: 1px solid var(--line);
      display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; padding-block: .4rem; }
    nav a[aria-current] { color: var(--text); font-weight: bold; text-decoration: none; }
    nav form { display: flex; flex-wrap: wrap; gap: .25rem .5rem; align-items: center; margin-left: auto; }
    nav input { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--faint);
      border-radius: 4px; padding: .15rem .5rem; width: 17rem; max-width: 100%; }
    button { font: inherit; font-size: .9rem; color: inherit; background: var(--soft); cursor: pointer;
      border: 1px solid var(--faint); border-radius: 4px; padding: .1rem .6rem; }
    a { color: var(--link); } td a, th a { text-decoration: none; } td a:hover, th a:hover { text-decoration: underline; }
    :focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
    .table { overflow-x: auto; }
    table { border-collapse: collapse; margin: .5rem 0; }
    th, td { border: 1px solid var(--line); padding: .15rem .5rem; text-align: left; vertical-align: top; }
    thead th { background: var(--soft); } thead th, .matrix th, .timeline th, td:first-child { white-space: nowrap; }
    tbody th { font-weight: normal; }
    td.number, .matrix td, .numbers td:nth-child(n+2), .numbers th:nth-child(n+2) { text-align: right;
      font-variant-numeric: tabular-nums; white-space: nowrap; }
    td.good { background: var(--goodback); } td.bad { background: var(--badback); font-weight: bold; }
    td.part { background: var(--partback); } td.good a { color: var(--good); } td.bad a { color: var(--bad); }
    td.part a { color: var(--part); } .matrix small { display: block; }
    article, details.box { border: 1px solid var(--line); border-radius: 4px; margin: .5rem 0; padding: .25rem .75rem; }
    article:target { border-color: var(--bad); }
    summary { cursor: pointer; overflow-wrap: anywhere; } summary strong { color: var(--bad); }
    summary code, summary span, summary em { margin-left: .75rem; }
    summary em { color: var(--part); font-style: normal; font-weight: bold; }
    code, .lines, .bytes { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
    mark { background: var(--mark); color: inherit; }
    .bytes code { white-space: pre; } .facts td { overflow-wrap: anywhere; }
    .lines { list-style: none; margin: .25rem 0; padding-left: 1rem; } .lines li { white-space: pre-wrap; }
    .timeline code { white-space: pre-wrap; }
    .maps { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start; }
    .map td { text-align: right; font-variant-numeric: tabular-nums; } .map td.certain { color: #1c1e21; }
    .map td.doubtful { color: var(--faint); }
    svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--text); }
    svg text.faint { fill: var(--faint); } svg .grid { stroke: var(--line); }
    [hidden] { display: none !important; }
    @media (max-width: 40rem) {
      nav { position: static; } nav form { margin-left: 0; } html { scroll-padding-top: 0; }
      summary code, summary span { display: block; margin-left: 0; } .chart { overflow-x: auto; }
      .chart svg { max-width: none; width: 640px; } }
    @media print { nav, button { display: none; } tr { break-inside: avoid; }
      h2, h3, h4, summary, thead { break-after: avoid; } td, mark { print-color-adjust: exact; }
      .bytes code { white-space: pre-wrap; }
      details::details-content { content-visibility: visible; block-size: auto; } }
    """
}
