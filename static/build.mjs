// Front-end set-up: one script (and the frame's SDK apart, loaded late), one stylesheet, icons, the API reference's
// viewer → build/static/, named by content. build/static/manifest.json maps "frame.js" → "frame.<hash>.js", icons.json
// our words → drawings; the server reads both once at start.
import { build } from 'esbuild'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = join(root, 'build', 'static')
const modules = join(root, 'node_modules')
const viewer = join(modules, 'swagger-ui-dist')
const drawings = join(modules, 'bootstrap-icons', 'icons')

await rm(out, { recursive: true, force: true })
const { metafile } = await build({
  entryPoints: [join(root, 'static', 'src', 'frame.js'), join(root, 'static', 'src', 'frame.css')],
  bundle: true,
  minify: true,
  format: 'esm',
  splitting: true,
  target: ['es2022'],
  outdir: out,
  entryNames: '[name].[hash]',
  chunkNames: 'frame.[name].[hash]',
  legalComments: 'eof',
  metafile: true,
  logLevel: 'warning'
})
const names = {}
for (const [file, made] of Object.entries(metafile.outputs)) {
  const entry = basename(made.entryPoint ?? '')
  if (entry === 'frame.js' || entry === 'frame.css') names[entry] = basename(file)
}
await writeFile(join(out, 'manifest.json'), JSON.stringify(names, null, 2) + '\n')

const icons = {}
for (const [word, name] of Object.entries(JSON.parse(await readFile(join(root, 'static', 'icons.json'), 'utf8')))) {
  const drawing = await readFile(join(drawings, `${name}.svg`), 'utf8')
  icons[word] = drawing.replace(/^<svg[^>]*>/, '').replace(/<\/svg>\s*$/, '').replace(/\s*\n\s*/g, '')
}
await writeFile(join(out, 'icons.json'), JSON.stringify(icons, null, 2) + '\n')

const vendor = join(out, 'vendor', 'swagger-ui')
await mkdir(vendor, { recursive: true })
for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE']) {
  await cp(join(viewer, file), join(vendor, file))
}
