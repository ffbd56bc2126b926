// Front-end set-up: one script, one stylesheet, the API reference's viewer → build/static/, named by content.
// build/static/manifest.json maps "frame.js" → "frame.<hash>.js"; the server reads it once at start.
import { build } from 'esbuild'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const out = join(root, 'build', 'static')
const viewer = join(root, 'node_modules', 'swagger-ui-dist')

await rm(out, { recursive: true, force: true })
const { metafile } = await build({
  entryPoints: [join(root, 'static', 'src', 'frame.js'), join(root, 'static', 'src', 'frame.css')],
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022'],
  outdir: out,
  entryNames: '[name].[hash]',
  legalComments: 'eof',
  metafile: true,
  logLevel: 'warning'
})
const names = {}
for (const [file, made] of Object.entries(metafile.outputs)) {
  if (made.entryPoint) names[basename(made.entryPoint)] = basename(file)
}
await writeFile(join(out, 'manifest.json'), JSON.stringify(names, null, 2) + '\n')

await cp(join(root, 'static', 'icon.svg'), join(out, 'icon.svg'))

const vendor = join(out, 'vendor', 'swagger-ui')
await mkdir(vendor, { recursive: true })
for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE']) {
  await cp(join(viewer, file), join(vendor, file))
}
