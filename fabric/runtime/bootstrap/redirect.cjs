'use strict';
// Brings calls to AWS's hosts to this server: each of Node's clients (https, http2, fetch, and whatever is
// built on them) opens its connections through `tls.connect` or `Socket.connect`. The host that the client
// signed stays in its request; only the connection goes elsewhere, without TLS.

const endpoint = process.env.TIDEGATE_ENDPOINT_URL;
if (endpoint) {
  const net = require('net');
  const tls = require('tls');
  const { hostname, port } = /^https?:\/\/\[?(?<hostname>[^\]/:]+)\]?:?(?<port>\d*)/.exec(endpoint).groups;
  const target = { host: hostname, port: Number(port || 80) };
  const ours = /(^|\.)(amazonaws\.com(\.cn)?|api\.aws|on\.aws)$/i;
  const redirected = (host, at) => typeof host === 'string' && (at === 443 || at === 80) && ours.test(host);

  const socketConnect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function connect(...parts) {
    // Node's own callers give what they have normalised as one array; its first element is the options.
    const list = Array.isArray(parts[0]) ? parts[0] : parts;
    const options = list[0];
    if (options && typeof options === 'object' && !options.path && redirected(options.host, Number(options.port))) {
      list[0] = { ...options, ...target };
    } else if (typeof options !== 'object' && redirected(list[1], Number(options))) {
      list[0] = target.port;
      list[1] = target.host;
    }
    return socketConnect.apply(this, parts);
  };

  const tlsConnect = tls.connect;
  tls.connect = function connect(...parts) {
    const callback = typeof parts[parts.length - 1] === 'function' ? parts[parts.length - 1] : undefined;
    const given = parts.find((part) => part && typeof part === 'object') || {};
    const host = typeof parts[1] === 'string' ? parts[1] : given.host || given.hostname || given.servername;
    const at = Number(typeof parts[0] === 'object' ? parts[0].port : parts[0]) || 443;
    if (given.socket || given.path || !redirected(host, at)) return tlsConnect.apply(this, parts);
    const { signal, timeout, keepAlive, keepAliveInitialDelay, noDelay } = given;
    const socket = net.connect({ ...target, signal, timeout, keepAlive, keepAliveInitialDelay, noDelay });
    const protocols = given.ALPNProtocols;
    const h2 = Array.isArray(protocols) && protocols.length === 1 && protocols[0] === 'h2';
    Object.assign(socket, {
      encrypted: true,
      authorized: true,
      authorizationError: null,
      servername: host,
      alpnProtocol: h2 ? 'h2' : false,
      getPeerCertificate: () => ({}),
      getProtocol: () => 'TLSv1.3',
      getCipher: () => ({ name: 'TLS_AES_128_GCM_SHA256', standardName: 'TLS_AES_128_GCM_SHA256', version: 'TLSv1.3' }),
      getSession: () => undefined,
      isSessionReused: () => false,
      setServername: () => {},
    });
    if (callback) socket.once('secureConnect', callback);
    socket.once('connect', () => socket.emit('secureConnect'));
    return socket;
  };
}
