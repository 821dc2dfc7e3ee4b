// The same function in Go:
//
//	CGO_ENABLED=0 GOOS=linux go build -o bootstrap . && zip function.zip bootstrap
//
// It is written as for AWS's library, `github.com/aws/aws-lambda-go`, which the two imports below may be changed to.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"batch-consumer/events"
	"batch-consumer/lambda"
)

func handle(ctx context.Context, event events.SQSEvent) error {
	fmt.Printf("Messages count: %d\n", len(event.Records))
	entities := make([]json.RawMessage, 0, len(event.Records))
	for _, record := range event.Records {
		entities = append(entities, json.RawMessage(record.Body))
	}
	body, err := json.Marshal(entities)
	if err != nil {
		return err
	}
	url := "http://" + os.Getenv("UPSTREAM") + "/entities"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the API answers %d", answer.StatusCode)
	}
	return nil
}

func main() {
	lambda.Start(handle)
}
