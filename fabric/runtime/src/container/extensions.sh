# The first process of a container with extensions: it starts them and the runtime, whose command line it is given.
# When it is asked to end, it ends the runtime and lets the extensions finish what they do.
for extension in /opt/extensions/*; do
  if [ -f "$extension" ] && [ -x "$extension" ]; then
    (unset _HANDLER AWS_EXECUTION_ENV AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME; exec "$extension") &
  fi
done
"$@" &
runtime=$!
trap 'kill "$runtime"; wait; exit 0' TERM
wait "$runtime"
