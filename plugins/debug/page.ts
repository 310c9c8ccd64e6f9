import { type Html, html } from '../../src/html.ts'

/** A whole page of the debug listener. */
export function page(title: string, body: Html): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/debug/assets/style.css">
</head>
<body>
${body}
</body>
</html>
`
}
