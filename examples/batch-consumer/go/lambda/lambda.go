// Package lambda has as much of github.com/aws/aws-lambda-go/lambda as main.go uses: it asks the Runtime API for the
// next event, gives it to the handler, tells what came of it, and so on. The standard library is all it needs, so that
// the function builds wherever there is Go, with or without a network.
package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Start runs a handler for as long as the process lives.
func Start[Event any](handler func(context.Context, Event) error) {
	invocations := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		if err := serve(invocations, handler); err != nil {
			log.Fatal(err)
		}
	}
}

// serve processes one event. An error of the handler is an answer; one of the Runtime API ends the process.
func serve[Event any](invocations string, handler func(context.Context, Event) error) error {
	next, err := http.Get(invocations + "next")
	if err != nil {
		return err
	}
	defer next.Body.Close()
	payload, err := io.ReadAll(next.Body)
	if err != nil {
		return err
	}
	id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
	if next.StatusCode != http.StatusOK || id == "" {
		return fmt.Errorf("the runtime answers %s instead of an event", next.Status)
	}
	failed := handle(next.Header, payload, handler)
	if failed == nil {
		return tell(invocations+id+"/response", nil)
	}
	return tell(invocations+id+"/error", map[string]string{
		"errorType":    fmt.Sprintf("%T", failed),
		"errorMessage": failed.Error(),
	})
}

func handle[Event any](header http.Header, payload []byte, handler func(context.Context, Event) error) error {
	if err := os.Setenv("_X_AMZN_TRACE_ID", header.Get("Lambda-Runtime-Trace-Id")); err != nil {
		return err
	}
	deadline, err := strconv.ParseInt(header.Get("Lambda-Runtime-Deadline-Ms"), 10, 64)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(context.Background(), time.UnixMilli(deadline))
	defer cancel()
	var event Event
	if err := json.Unmarshal(payload, &event); err != nil {
		return err
	}
	return handler(ctx, event)
}

func tell(url string, outcome any) error {
	body, err := json.Marshal(outcome)
	if err != nil {
		return err
	}
	answer, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the runtime answers %s", answer.Status)
	}
	return nil
}
