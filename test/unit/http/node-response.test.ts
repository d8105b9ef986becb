import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { addHeaders } from '../../../src/http/node-response.ts'

const ADDED = { setCookie: undefined, vary: ['X-Branch'] }

const ANSWERS: [how: string, respond: (response: ServerResponse) => void, expected: string][] = [
  ['without a head', (response) => response.end('x'), 'X-Branch'],
  ['with a header that is set', (response) => response.setHeader('Vary', 'Accept').end(), 'Accept, X-Branch'],
  ['with a head', (response) => response.writeHead(200, { vary: 'Accept' }).end(), 'Accept, X-Branch'],
  [
    'with a head and a reason',
    (response) => response.writeHead(200, 'Fine', { Vary: 'Accept' }).end(),
    'Accept, X-Branch',
  ],
  ['with a head of other headers', (response) => response.writeHead(200, { 'X-Mine': '1' }).end(), 'X-Branch'],
  ['with a head in a list', (response) => response.writeHead(200, ['Vary', 'Accept']).end(), 'Accept, X-Branch'],
  ['with everything allowed', (response) => response.setHeader('Vary', '*').end(), '*'],
]

it.each(ANSWERS)('the Vary of an answer %s is kept and added to', async (_how, respond, expected) => {
  const server = createServer((_request, response) => {
    addHeaders(response, ADDED)
    respond(response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const { headers } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect(headers.get('vary')).toBe(expected)
})

it('the Vary of an answer over HTTP/2 is kept and added to', async () => {
  const server = http2.createServer((_request, response) => {
    addHeaders(response as unknown as ServerResponse, ADDED)
    response.setHeader('Vary', 'Accept')
    response.end('x')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => {
    session.close()
    server.close()
  })
  const [headers] = await once(session.request({ ':path': '/' }).resume(), 'response')
  expect(headers.vary).toBe('Accept, X-Branch')
})
