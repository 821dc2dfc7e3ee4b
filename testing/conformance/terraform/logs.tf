# Log groups as people configure them, and who reads them.
variable "days" {
  type    = number
  default = 14
}

resource "aws_cloudwatch_log_group" "api" {
  name              = "/app/api"
  retention_in_days = var.days
  tags              = { team = "api" }
}

resource "aws_cloudwatch_log_group" "worker" {
  name_prefix = "/app/worker-"
}

resource "aws_cloudwatch_log_stream" "one" {
  name           = "one"
  log_group_name = aws_cloudwatch_log_group.api.name
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  name           = "errors"
  pattern        = "{ $.level = \"ERROR\" }"
  log_group_name = aws_cloudwatch_log_group.api.name

  metric_transformation {
    name      = "Errors"
    namespace = "App"
    value     = "1"
  }
}

resource "aws_cloudwatch_log_subscription_filter" "errors" {
  name            = "errors"
  log_group_name  = aws_cloudwatch_log_group.api.name
  filter_pattern  = "ERROR"
  destination_arn = aws_sqs_queue.dead.arn
}

resource "aws_cloudwatch_log_resource_policy" "dns" {
  policy_name = "dns"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "route53.amazonaws.com" }
      Action    = "logs:PutLogEvents"
      Resource  = "*"
    }]
  })
}

resource "aws_cloudwatch_query_definition" "errors" {
  name            = "errors"
  log_group_names = [aws_cloudwatch_log_group.api.name]
  query_string    = "fields @timestamp, @message | limit 20"
}

data "aws_cloudwatch_log_group" "api" {
  name = aws_cloudwatch_log_group.api.name
}

# What is wanted of a group, and of all of them.
resource "aws_cloudwatch_log_data_protection_policy" "api" {
  log_group_name = aws_cloudwatch_log_group.api.name
  policy_document = jsonencode({
    Name    = "mask"
    Version = "2021-06-01"
    Statement = [
      {
        Sid            = "Audit"
        DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]
        Operation      = { Audit = { FindingsDestination = {} } }
      },
      {
        Sid            = "Redact"
        DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]
        Operation      = { Deidentify = { MaskConfig = {} } }
      },
    ]
  })
}

resource "aws_cloudwatch_log_index_policy" "api" {
  log_group_name  = aws_cloudwatch_log_group.api.name
  policy_document = jsonencode({ Fields = ["requestId"] })
}

resource "aws_cloudwatch_log_account_policy" "errors" {
  policy_name = "errors"
  policy_type = "SUBSCRIPTION_FILTER_POLICY"
  policy_document = jsonencode({
    DestinationArn = aws_sqs_queue.dead.arn
    FilterPattern  = "FATAL"
    Distribution   = "Random"
  })
  selection_criteria = "LogGroupName NOT IN [\"/app/excluded\"]"
}

resource "aws_cloudwatch_log_anomaly_detector" "api" {
  detector_name           = "api"
  log_group_arn_list      = [aws_cloudwatch_log_group.api.arn]
  anomaly_visibility_time = 7
  evaluation_frequency    = "TEN_MIN"
  enabled                 = true
}

resource "aws_cloudwatch_log_delivery_source" "cdn" {
  name         = "cdn"
  log_type     = "ACCESS_LOGS"
  resource_arn = "arn:aws:cloudfront::000000000000:distribution/EXAMPLE"
}

resource "aws_cloudwatch_log_delivery_destination" "cdn" {
  name          = "cdn"
  output_format = "json"

  delivery_destination_configuration {
    destination_resource_arn = aws_cloudwatch_log_group.worker.arn
  }
}

resource "aws_cloudwatch_log_delivery" "cdn" {
  delivery_source_name     = aws_cloudwatch_log_delivery_source.cdn.name
  delivery_destination_arn = aws_cloudwatch_log_delivery_destination.cdn.arn
}
