/// What every page of a report begins with: it works from a file, without a network, in light and
/// dark, on a phone and by keyboard.
enum PageStyle {
  /// The head of a page, up to and with `<body>`.
  static func head(_ title: String) -> String {
    """
    <!doctype html>
    <html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(HTMLReport.escape(title))</title>
    <style>\(css)</style></head><body>
    """
  }

  private static let css = """
    :root { color-scheme: light dark; --line: #8886; --faint: #8882;
      --bad: light-dark(#b3171d, #ff7b78); --good: light-dark(#1d6b31, #6fce86);
      --accent: light-dark(#0b57a4, #7cb6ff); }
    body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem; }
    h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; }
    th, td { border-bottom: 1px solid var(--line); padding: .25rem .6rem; text-align: left;
      vertical-align: top; }
    td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
    pre { white-space: pre-wrap; padding: .6rem; border: 1px solid var(--line); font-size: .85rem; }
    code, pre, li { overflow-wrap: anywhere; }
    a { color: var(--accent); }
    .broken { color: var(--bad); } .held { color: var(--good); }
    nav a { margin-right: 1rem; }
    details { margin: .4rem 0; } summary { cursor: pointer; }
    .plot { width: 100%; max-width: 640px; height: auto; }
    .plot .axis { fill: none; stroke: currentColor; opacity: .5; }
    .plot .line { fill: none; stroke: var(--accent); stroke-width: 2; }
    .plot text { font: 11px system-ui, sans-serif; fill: currentColor; }
    .map { font-size: .85rem; } .map th { font-weight: normal; }
    .map td { padding: 2px; text-align: center; border: 0; } .map th.place { white-space: nowrap; }
    .map thead th { writing-mode: vertical-rl; padding: .3rem .15rem; }
    .cell { display: block; width: 1.1rem; height: 1.1rem; padding: 0; margin: auto; border: 0;
      background: var(--good); opacity: var(--heat, 1); }
    button.cell { cursor: pointer; } button.cell:focus-visible { outline: 3px solid var(--accent); }
    .cell.no { background: none; border: 2px solid var(--bad); opacity: 1; }
    .disk { font-size: .85rem; } .dropped td { color: var(--bad); } .kept td { color: var(--good); }
    .torn td { color: light-dark(#8a5a00, #f0b95c); }
    article { border-left: 3px solid var(--bad); padding-left: 1rem; margin: 1.5rem 0; }
    dialog { max-width: 40rem; }
    """
}
