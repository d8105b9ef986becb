import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A Markdown file of the repository. */
export interface Document {
  /** From the root of the repository. */
  file: string
  text: string
}

export const README = 'README.md'

/** What people read, in the order in which they find it. */
export const documents: readonly Document[] = [README, ...['docs', 'examples'].flatMap(markdownIn), ...rootFiles()].map(
  (file) => ({ file, text: readFileSync(file, 'utf8') }),
)

/** @throws {Error} if there is none: what it must say is tested */
export function document(file: string): Document {
  const found = documents.find((candidate) => candidate.file === file)
  if (found === undefined) throw new Error(`${file} is missing`)
  return found
}

function markdownIn(directory: string): string[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(directory, file).replaceAll('\\', '/'))
    .sort()
}

function rootFiles(): string[] {
  return ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'].filter((file) => existsSync(file))
}

/** Where a link of a document leads. */
export interface Link {
  target: string
  /** From the root of the repository. */
  file: string
  anchor: string | undefined
}

/** Those to files of the repository. What is in code is no link. */
export function linksOf({ file, text }: Document): Link[] {
  const prose = withoutCode(text).replaceAll(/`[^`\n]*`/g, '')
  const targets = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target = '']) => target)
  return targets
    .filter((target) => !/^[a-z]+:/i.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#')
      return { target, file: path === '' ? file : join(dirname(file), path).replaceAll('\\', '/'), anchor }
    })
}

/** The anchors that GitHub gives to the headings of a document. */
export function anchorsOf({ text }: Document): string[] {
  const headings = Array.from(withoutCode(text).matchAll(/^#+ (.+)$/gm), ([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutCode(text: string): string {
  return text.replaceAll(/^( *)```[\s\S]*?^\1```/gm, '')
}
