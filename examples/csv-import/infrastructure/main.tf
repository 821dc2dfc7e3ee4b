# A CSV file that is uploaded becomes users, and each of them gets a mail:
#
#   bucket -> process_csv -> queue -> insert_records -> table -> its stream -> send_email -> mail
#
# Nothing in here is about where it runs: AWS_ENDPOINT_URL says that.
terraform {
  required_version = ">= 1.3"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.0"
    }
  }
}

provider "aws" {
  region = var.region
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "name" {
  description = "What everything's name begins with."
  type        = string
  default     = "csv-import"
}

variable "sender" {
  description = "The address that mails come from."
  type        = string
  default     = "welcome@example.com"
}

data "aws_caller_identity" "current" {}

output "bucket" {
  value = aws_s3_bucket.uploads.bucket
}

output "queue" {
  value = aws_sqs_queue.buffer.url
}

output "table" {
  value = aws_dynamodb_table.users.name
}
