import { once } from 'node:events'
import { expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { StartApplication } from '../kit/application.ts'
import { get } from '../kit/http-client.ts'
import { nothingLeft, type Served, serve } from '../kit/served.ts'

export function servesWebSockets(start: StartApplication): void {
  it('on several branches, until the client closes', async () => {
    const served = await serve(start, ['a', 'b', 'c'])
    const socket = await connect(served)
    for (const branch of ['a', 'b', 'a']) expect(await ask(socket, branch)).toEqual({ branch })
    const { text } = await get(`${served.origin}/whose`, { headers: { 'X-Branch': 'c' } })
    expect(text).toBe('{"branch":"c"}')
    socket.close()
    await once(socket, 'close')
    await nothingLeft(served)
  })

  it('until the server closes', async () => {
    const served = await serve(start, ['a', 'b'])
    const sockets = await Promise.all([connect(served), connect(served)])
    expect(await Promise.all(sockets.map((socket, i) => ask(socket, i === 0 ? 'a' : 'b')))).toEqual([
      { branch: 'a' },
      { branch: 'b' },
    ])
    const closed = Promise.all(sockets.map((socket) => once(socket, 'close')))
    await served.close()
    await closed
    await nothingLeft(served)
  })

  it('whose client is cut off', async () => {
    const served = await serve(start, ['a'])
    const socket = await connect(served)
    expect(await ask(socket, 'a')).toEqual({ branch: 'a' })
    socket.terminate()
    await nothingLeft(served)
  })
}

async function connect({ origin }: Served): Promise<WebSocket> {
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`, { headers: { 'X-Branch': 'a' } })
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

async function ask(socket: WebSocket, branch: string): Promise<unknown> {
  const answered = once(socket, 'message')
  socket.send(branch)
  const [data] = await answered
  return JSON.parse(String(data))
}
