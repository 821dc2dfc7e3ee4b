# Tables as people configure them: keys, indexes, streams, time to live, recovery.
variable "capacity" {
  type    = number
  default = 5
}

resource "aws_dynamodb_table" "orders" {
  name             = "orders"
  billing_mode     = "PAY_PER_REQUEST"
  hash_key         = "customer"
  range_key        = "placed"
  stream_enabled   = true
  stream_view_type = "NEW_AND_OLD_IMAGES"

  attribute {
    name = "customer"
    type = "S"
  }
  attribute {
    name = "placed"
    type = "N"
  }
  attribute {
    name = "status"
    type = "S"
  }
  attribute {
    name = "total"
    type = "N"
  }

  global_secondary_index {
    name            = "by-status"
    hash_key        = "status"
    range_key       = "placed"
    projection_type = "ALL"
  }
  global_secondary_index {
    name               = "totals"
    hash_key           = "status"
    range_key          = "total"
    projection_type    = "INCLUDE"
    non_key_attributes = ["note"]
  }
  local_secondary_index {
    name            = "by-total"
    range_key       = "total"
    projection_type = "KEYS_ONLY"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }
  point_in_time_recovery {
    enabled = true
  }
  tags = { stage = var.stage }
}

resource "aws_dynamodb_table" "counters" {
  name           = "counters"
  billing_mode   = "PROVISIONED"
  read_capacity  = var.capacity
  write_capacity = 5
  hash_key       = "id"

  attribute {
    name = "id"
    type = "B"
  }
}

resource "aws_dynamodb_table_item" "first" {
  table_name = aws_dynamodb_table.orders.name
  hash_key   = aws_dynamodb_table.orders.hash_key
  range_key  = aws_dynamodb_table.orders.range_key
  item = jsonencode({
    customer = { S = "ada" }
    placed   = { N = "1" }
    status   = { S = "open" }
    total    = { N = "12.5" }
  })
}

resource "aws_dynamodb_resource_policy" "orders" {
  resource_arn = aws_dynamodb_table.orders.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::123456789012:root" }
      Action    = "dynamodb:GetItem"
      Resource  = aws_dynamodb_table.orders.arn
    }]
  })
}

data "aws_dynamodb_table" "orders" {
  name = aws_dynamodb_table.orders.name
}

resource "aws_dynamodb_contributor_insights" "orders" {
  table_name = aws_dynamodb_table.orders.name
}

resource "aws_dynamodb_contributor_insights" "by_status" {
  table_name = aws_dynamodb_table.orders.name
  index_name = "by-status"
}
