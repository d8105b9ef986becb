import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

// npm has Node's binaries as packages, one for each platform: nothing but the registry is needed.

/** The lines of Node that the package supports. */
export const NODE_LINES = ['20', '22', '24']

export const NODE_CACHE = 'tmp/node-versions'

/** Installs the newest Node of a line, if the cache does not have it; returns the path of its executable. */
export function installNode(line: string): string {
  const directory = `${NODE_CACHE}/${line}`
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  mkdirSync(directory, { recursive: true })
  // The package of the platform itself: the package `node` would find it in an install script, which npm may block.
  const options = ['--prefix', directory, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  execFileSync('npm', ['install', ...options, `${name}@${line}`], { stdio: ['ignore', 'ignore', 'inherit'] })
  return join(process.cwd(), directory, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}
