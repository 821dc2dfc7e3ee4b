'use strict';
// Runs a Node function: asks the Runtime API for invocations and hands them to the handler.
//
// It needs no module beyond those that Node has loaded anyway by the time it is ready, because every
// module that is loaded here is waited for by each cold start. The Runtime API is spoken over one socket
// by hand: an answer and the request for the next invocation leave in one write.

const net = require('net');
const path = require('path');
const fs = require('fs');
const util = require('util');

const env = process.env;
const taskRoot = env.LAMBDA_TASK_ROOT;
const jsonLog = env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
const logDescriptor = Number(env._LAMBDA_TELEMETRY_LOG_FD || 0);
delete env._LAMBDA_TELEMETRY_LOG_FD;
let requestId;

// ---- log ----------------------------------------------------------------------------------------

const LEVELS = { TRACE: 1, DEBUG: 2, INFO: 3, WARN: 4, ERROR: 5, FATAL: 6 };
const least = LEVELS[env.AWS_LAMBDA_LOG_LEVEL] || (jsonLog ? LEVELS.INFO : LEVELS.TRACE);

// What is printed has left when the handler ends, after which nothing may run any more. By itself Node keeps what the pipe
// does not take at once.
for (const name of ['stdout', 'stderr']) {
  const own = Object.getOwnPropertyDescriptor(process, name);
  const get = () => {
    Object.defineProperty(process, name, own);
    const stream = process[name];
    if (stream._handle && stream._handle.setBlocking) stream._handle.setBlocking(true);
    return stream;
  };
  // They are made when they are first asked for, which most functions never do.
  Object.defineProperty(process, name, { ...own, get });
}

function writeEvent(text) {
  if (!logDescriptor) {
    process.stdout.write(text.replace(/\n/g, '\r') + '\n');
    return;
  }
  const body = Buffer.from(text);
  const frame = Buffer.allocUnsafe(16 + body.length);
  frame.writeUInt32BE(0xa55a0003, 0);
  frame.writeUInt32BE(body.length, 4);
  frame.writeBigUInt64BE(BigInt(Date.now()) * 1000n, 8);
  body.copy(frame, 16);
  for (let at = 0; at < frame.length; ) at += fs.writeSync(logDescriptor, frame, at);
}

function jsonEvent(level, parts) {
  const event = { timestamp: new Date().toISOString(), level, requestId };
  const first = parts[0];
  try {
    if (parts.length === 1 && !(first instanceof Error)) {
      event.message = typeof first === 'object' ? first : util.format(first);
      return JSON.stringify(event, errorsAsObjects);
    }
  } catch {
    // It refers to itself or holds a BigInt: its text will do.
  }
  event.message = util.format(...parts);
  const error = parts.find((part) => part instanceof Error);
  if (error) {
    event.errorType = error.name;
    event.errorMessage = error.message;
    event.stackTrace = String(error.stack).split('\n');
    if (parts.length === 1) event.message = error.message;
  }
  return JSON.stringify(event);
}

function errorsAsObjects(_key, value) {
  if (!(value instanceof Error)) return value;
  return { ...value, errorType: value.name, errorMessage: value.message, stackTrace: String(value.stack).split('\n') };
}

function print(level, parts) {
  if (LEVELS[level] < least) return;
  if (jsonLog) writeEvent(jsonEvent(level, parts));
  else writeEvent(`${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...parts)}`);
}

for (const [method, level] of [
  ['log', 'INFO'], ['info', 'INFO'], ['debug', 'DEBUG'], ['warn', 'WARN'], ['error', 'ERROR'], ['trace', 'TRACE'],
]) {
  console[method] = (...parts) => print(level, parts);
}
console.fatal = (...parts) => print('FATAL', parts);

// ---- errors -------------------------------------------------------------------------------------

function named(name, message, from) {
  const error = new Error(message);
  error.name = name;
  if (from && from.stack) error.stack = `${name}: ${message}\n${from.stack.split('\n').slice(1).join('\n')}`;
  return error;
}

function isError(value) {
  return util.types.isNativeError(value) || (value && value.name && value.message && value.stack);
}

function errorAnswer(error) {
  try {
    if (isError(error)) {
      return { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split('\n') };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage: 'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
    };
  }
}

function printError(what, error) {
  if (LEVELS.ERROR < least) return;
  if (jsonLog) return print('ERROR', [error]);
  let shown;
  try {
    const { errorType, errorMessage, trace } = errorAnswer(error);
    shown = isError(error) ? { errorType, errorMessage, ...error, stack: trace } : { errorType, errorMessage, stack: trace };
    delete shown.name;
    shown = JSON.stringify(shown);
  } catch {
    shown = JSON.stringify(errorAnswer(error));
  }
  print('ERROR', [`${what} \t${shown}`]);
}

// ---- the Runtime API ----------------------------------------------------------------------------

const api = env.AWS_LAMBDA_RUNTIME_API;
const colon = api.lastIndexOf(':');
const socket = net.connect({ host: api.slice(0, colon), port: Number(api.slice(colon + 1)), noDelay: true });
const replies = [];
let received = Buffer.alloc(0);

socket.on('data', (data) => {
  received = received.length ? Buffer.concat([received, data]) : data;
  for (let reply; (reply = takeReply()); ) replies.shift()(reply);
});
// The environment ends: so do we, without a word.
socket.on('error', () => process.exit(1));
socket.on('close', () => process.exit(1));

function takeReply() {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const lines = received.toString('utf8', 0, end).split('\r\n');
  const headers = {};
  for (let i = 1; i < lines.length; i++) {
    const at = lines[i].indexOf(':');
    headers[lines[i].slice(0, at).toLowerCase()] = lines[i].slice(at + 1).trim();
  }
  const length = Number(headers['content-length'] || 0);
  const next = end + 4 + length;
  if (received.length < next) return null;
  const body = received.subarray(end + 4, next);
  received = received.subarray(next);
  return { status: Number(lines[0].split(' ')[1]), headers, body };
}

const NEXT = `GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: ${api}\r\n\r\n`;

function post(resource, type, body, extra) {
  const length = Buffer.byteLength(body);
  return `POST /2018-06-01/runtime/${resource} HTTP/1.1\r\nHost: ${api}\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n${extra || ''}\r\n${body}`;
}

function ignore() {}

function errorHeader(answer) {
  const type = String(answer.errorType).replace(/[^\x20-\x7e]/g, '?');
  return `Lambda-Runtime-Function-Error-Type: ${type}\r\n`;
}

function next(before) {
  requestId = undefined;
  onBeforeExit = ignore;
  socket.ref();
  if (before) replies.push(ignore);
  replies.push(invoke);
  socket.write(before ? before + NEXT : NEXT);
}

/// Sends the last words and ends.
function fail(resource, error, code) {
  const answer = errorAnswer(error);
  socket.ref();
  replies.push(() => process.exit(code));
  socket.write(post(resource, 'application/vnd.aws.lambda.error+json', JSON.stringify(answer), errorHeader(answer)));
}

// ---- invocations --------------------------------------------------------------------------------

let handler;
let streaming = false;
let onBeforeExit = ignore;
process.on('beforeExit', () => onBeforeExit());

function last(what, wrap, code) {
  return (reason, promise) => {
    const error = wrap ? wrap(reason, promise) : reason;
    printError(what, error);
    if (requestId === undefined) fail('init/error', error, code);
    else fail(`invocation/${requestId}/error`, error, code);
  };
}

process.on('uncaughtException', last('Uncaught Exception', null, 129));
process.on('unhandledRejection', last('Unhandled Promise Rejection', (reason, promise) => {
  const error = named('Runtime.UnhandledPromiseRejection', isError(reason) ? `${reason.name}: ${reason.message}` : String(reason));
  error.reason = reason;
  error.promise = promise;
  return error;
}, 128));

function parsed(text) {
  return text ? JSON.parse(text) : undefined;
}

function makeContext(headers, settle) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  let waits = true;
  const context = {
    get callbackWaitsForEmptyEventLoop() { return waits; },
    set callbackWaitsForEmptyEventLoop(value) { waits = Boolean(value); },
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: parsed(headers['lambda-runtime-client-context']),
    identity: parsed(headers['lambda-runtime-cognito-identity']),
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  if (!streaming) {
    context.done = (error, result) => { waits = false; settle(error, result); };
    context.succeed = (result) => { waits = false; settle(null, result); };
    context.fail = (error) => { waits = false; settle(error === undefined || error === null ? 'handled' : error); };
  }
  return context;
}

function invoke({ headers, body }) {
  requestId = headers['lambda-runtime-aws-request-id'];
  if (headers['lambda-runtime-trace-id']) env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  else delete env._X_AMZN_TRACE_ID;
  // While the handler runs only what it has begun itself keeps the event loop going.
  socket.unref();
  // As in AWS's runtime: the handler starts in a turn of its own, so that what it throws is not ours.
  if (streaming) return void setImmediate(runStreaming, headers, body);
  run(headers, body);
}

function run(headers, body) {
  const id = requestId;
  let settled = false;
  const finish = (error, result, failed) => {
    let answer;
    if (failed) {
      answer = errorAnswer(error);
    } else {
      try {
        const text = JSON.stringify(result === undefined ? null : result);
        return next(post(`invocation/${id}/response`, 'application/json', text === undefined ? 'null' : text));
      } catch (fault) {
        error = named('Runtime.MarshalError', 'Unable to stringify response body', fault);
        answer = errorAnswer(error);
      }
    }
    printError('Invoke Error', error);
    next(post(`invocation/${id}/error`, 'application/vnd.aws.lambda.error+json', JSON.stringify(answer), errorHeader(answer)));
  };
  const settle = (error, result) => {
    if (settled) return;
    settled = true;
    const failed = error !== undefined && error !== null;
    if (failed || !context.callbackWaitsForEmptyEventLoop) finish(error, result, failed);
    else onBeforeExit = () => finish(null, result, false);
  };
  onBeforeExit = () => { settled = true; finish(null, null, false); };
  let context;
  let returned;
  try {
    context = makeContext(headers, settle);
    returned = handler(JSON.parse(body.toString('utf8')), context, settle);
  } catch (error) {
    if (!settled) { settled = true; finish(error, null, true); }
    return;
  }
  if (returned && typeof returned.then === 'function') {
    const resolved = (failed) => (value) => {
      if (settled) return;
      settled = true;
      finish(failed ? value : null, value, failed);
    };
    // A rejection without a reason is an error all the same.
    returned.then(resolved(false), resolved(true));
  }
}

// ---- streams ------------------------------------------------------------------------------------

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HTTP_RESPONSE = 'application/vnd.awslambda.http-integration-response';

globalThis.awslambda = {
  streamifyResponse(wrapped, options) {
    wrapped[STREAMING] = 'response';
    if (options && options.highWaterMark !== undefined) {
      wrapped[Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')] = Number(options.highWaterMark);
    }
    return wrapped;
  },
  HttpResponseStream: {
    from(stream, prelude) {
      stream.setContentType(HTTP_RESPONSE);
      stream._prelude(JSON.stringify(prelude));
      return stream;
    },
  },
};

function responseStream(id, done) {
  const { Writable } = require('stream');
  let contentType = 'application/octet-stream';
  let prelude;
  let started = false;
  const start = () => {
    if (started) return;
    started = true;
    socket.ref();
    replies.push(ignore);
    socket.write(
      `POST /2018-06-01/runtime/invocation/${id}/response HTTP/1.1\r\nHost: ${api}\r\nContent-Type: ${contentType}\r\n` +
      'Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n' +
      'Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n');
    if (prelude !== undefined) chunk(Buffer.concat([Buffer.from(prelude), Buffer.alloc(8)]));
  };
  const chunk = (data, callback) => {
    socket.write(`${data.length.toString(16)}\r\n`);
    socket.write(data);
    socket.write('\r\n', callback);
  };
  const options = { highWaterMark: handler[Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark')] || 65536 };
  const stream = new Writable({
    ...options,
    write(data, _encoding, callback) {
      start();
      if (data.length === 0) callback();
      else chunk(data, callback);
    },
    final(callback) {
      start();
      socket.write('0\r\n\r\n', callback);
      done();
    },
  });
  const write = stream.write.bind(stream);
  stream.write = (data, ...rest) => {
    // Objects are answered as JSON, as AWS's runtime does.
    const plain = data && typeof data === 'object' && !(data instanceof Uint8Array);
    return write(plain ? JSON.stringify(data) : data, ...rest);
  };
  stream.setContentType = (type) => {
    if (started) throw new Error('Cannot set content-type, too late.');
    contentType = type;
  };
  stream._prelude = (text) => { prelude = text; };
  const abort = (error) => {
    const answer = errorAnswer(error);
    const text = Buffer.from(JSON.stringify(answer)).toString('base64');
    socket.write(`0\r\n${errorHeader(answer)}Lambda-Runtime-Function-Error-Body: ${text}\r\n\r\n`);
  };
  return { stream, abort, hasStarted: () => started };
}

async function runStreaming(headers, body) {
  const id = requestId;
  let over = false;
  let handled = false;
  let ended = false;
  const goOn = () => {
    if (over || !handled || !ended) return;
    over = true;
    next();
  };
  const { stream, abort, hasStarted } = responseStream(id, () => { ended = true; goOn(); });
  onBeforeExit = () => { handled = true; if (!stream.writableEnded) stream.end(); };
  try {
    await handler(JSON.parse(body.toString('utf8')), stream, makeContext(headers));
    handled = true;
    goOn();
  } catch (error) {
    if (over) return;
    over = true;
    printError('Invoke Error', error);
    if (hasStarted()) {
      if (!ended) abort(error);
      next();
    } else {
      const answer = errorAnswer(error);
      next(post(`invocation/${id}/error`, 'application/vnd.aws.lambda.error+json', JSON.stringify(answer), errorHeader(answer)));
    }
  }
}

// ---- the handler --------------------------------------------------------------------------------

const HINT = '\nrun: tidegate runtime install';

function withHint(message) {
  return /Cannot find (module|package) '(aws-sdk|@aws-sdk\/)/.test(message) ? message + HINT : message;
}

function isModule(file) {
  if (file.endsWith('.mjs')) return true;
  if (!file.endsWith('.js')) return false;
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).type === 'module';
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'EACCES' && error.code !== 'ENOTDIR') throw error;
    }
    if (folder === taskRoot || path.basename(folder) === 'node_modules' || folder === path.dirname(folder)) return false;
  }
}

// ES modules do not look at NODE_PATH, yet AWS's runtimes let them import the SDK. What is not found the usual
// way is looked for in its folders.
const RESOLVE_LATER = `
  const folders = (process.env.NODE_PATH || '').split(':').filter(Boolean);
  const isBare = (specifier) => !/^([./]|[a-z]+:)/.test(specifier);
  const from = (folder) => new URL('file://' + encodeURI(folder) + '/../import.mjs').href;
  export async function resolve(specifier, context, next) {
    try {
      return await next(specifier, context);
    } catch (error) {
      if (error.code !== 'ERR_MODULE_NOT_FOUND' || !isBare(specifier)) throw error;
      for (const folder of folders) {
        try {
          return await next(specifier, { ...context, parentURL: from(folder) });
        } catch (other) {
          if (other.code !== 'ERR_MODULE_NOT_FOUND') throw other;
        }
      }
      throw error;
    }
  }
`;

function letModulesSeeNodePath() {
  const { register } = require('module');
  if (env.NODE_PATH && register) register(`data:text/javascript,${encodeURIComponent(RESOLVE_LATER)}`);
}

function load(folder, name) {
  const file = path.resolve(taskRoot, folder, name);
  for (const extension of ['', '.js', '.mjs', '.cjs']) {
    const candidate = file + extension;
    const found = fs.statSync(candidate, { throwIfNoEntry: false });
    if (!found || !found.isFile()) continue;
    if (!isModule(candidate)) return require(candidate);
    letModulesSeeNodePath();
    return import(require('url').pathToFileURL(candidate).href);
  }
  // A package in node_modules, or a folder with an index.
  return require(require.resolve(name, { paths: [taskRoot, path.join(taskRoot, folder)] }));
}

async function find(full) {
  if (full.includes('..')) throw named('Runtime.MalformedHandlerName', `'${full}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  const base = path.basename(full);
  const match = /^([^.]*)\.(.*)$/.exec(base);
  if (!match) throw named('Runtime.MalformedHandlerName', 'Bad handler');
  let loaded;
  try {
    loaded = load(full.slice(0, full.length - base.length), match[1]);
    if (loaded && typeof loaded.then === 'function') loaded = await loaded;
  } catch (error) {
    if (error instanceof SyntaxError) throw named('Runtime.UserCodeSyntaxError', String(error), error);
    if (error && error.code === 'MODULE_NOT_FOUND') throw named('Runtime.ImportModuleError', withHint(String(error)), error);
    if (error && error.code === 'ERR_MODULE_NOT_FOUND') error.message = withHint(error.message);
    throw error;
  }
  const found = match[2].split('.').reduce((value, key) => (value === undefined || value === null ? value : value[key]), loaded)
    || match[2].split('.').reduce((value, key) => (value === undefined || value === null ? value : value[key]), loaded && loaded.default);
  if (!found) throw named('Runtime.HandlerNotFound', `${full} is undefined or not exported`);
  if (typeof found !== 'function') throw named('Runtime.HandlerNotFound', `${full} is not a function`);
  return found;
}

find(env._HANDLER).then(
  (found) => {
    handler = found;
    streaming = found[STREAMING] === 'response';
    next();
  },
  (error) => {
    printError('Uncaught Exception', error);
    fail('init/error', error, 1);
  },
);
