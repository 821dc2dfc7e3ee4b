// The same function in Go, with AWS's own library:
//
//	GOOS=linux go build -o bootstrap main.go && zip function.zip bootstrap
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
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
	answer, err := http.Post("http://"+os.Getenv("UPSTREAM")+"/entities", "application/json", bytes.NewReader(body))
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
