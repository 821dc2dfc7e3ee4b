// Package events has as much of github.com/aws/aws-lambda-go/events as main.go uses.
package events

// SQSEvent is what a function is given that follows a queue.
type SQSEvent struct {
	Records []SQSMessage `json:"Records"`
}

// SQSMessage is one message of it.
type SQSMessage struct {
	MessageId string `json:"messageId"`
	Body      string `json:"body"`
}
