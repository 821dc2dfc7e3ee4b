# Identities as people configure them: roles for services, policies, people in groups.
data "aws_caller_identity" "me" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "shop" {
  statement {
    sid       = "Write"
    actions   = ["sqs:SendMessage", "dynamodb:PutItem"]
    resources = [aws_sqs_queue.orders.arn, aws_dynamodb_table.orders.arn]
    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = ["us-east-1"]
    }
  }
}

resource "aws_iam_policy" "orders" {
  name        = "orders"
  path        = "/app/"
  description = "What the shop does"
  policy      = data.aws_iam_policy_document.shop.json
  tags        = { stage = var.stage }
}

resource "aws_iam_role" "worker" {
  name                 = "worker"
  description          = "Works"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.orders.arn
  tags                 = { stage = var.stage }
}

resource "aws_iam_role_policy_attachment" "worker" {
  role       = aws_iam_role.worker.name
  policy_arn = aws_iam_policy.orders.arn
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.worker.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "inline" {
  name   = "inline"
  role   = aws_iam_role.worker.id
  policy = data.aws_iam_policy_document.shop.json
}

resource "aws_iam_instance_profile" "worker" {
  name = "worker"
  role = aws_iam_role.worker.name
}

resource "aws_iam_group" "people" {
  name = "people"
}

resource "aws_iam_group_policy_attachment" "people" {
  group      = aws_iam_group.people.name
  policy_arn = aws_iam_policy.orders.arn
}

resource "aws_iam_user" "ada" {
  name = "ada"
  tags = { team = "orders" }
}

resource "aws_iam_user_group_membership" "ada" {
  user   = aws_iam_user.ada.name
  groups = [aws_iam_group.people.name]
}

resource "aws_iam_user_policy" "ada" {
  name   = "own"
  user   = aws_iam_user.ada.name
  policy = data.aws_iam_policy_document.shop.json
}

resource "aws_iam_access_key" "ada" {
  user = aws_iam_user.ada.name
}

resource "aws_iam_account_alias" "alias" {
  account_alias = "tidegate-shop"
}

resource "aws_iam_account_password_policy" "strict" {
  minimum_password_length        = 12
  require_symbols                = true
  allow_users_to_change_password = true
}

# A user who is destroyed with all that it has.
resource "aws_iam_user" "deployer" {
  name          = "deployer"
  force_destroy = true
}

resource "aws_iam_user_ssh_key" "deployer" {
  username   = aws_iam_user.deployer.name
  encoding   = "SSH"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5Cn7RHTTrNrmqRFLHyN5oLDY+1GJlgvTAXmbY7Jd1s deployer@example.com"
}

resource "aws_iam_service_specific_credential" "deployer" {
  service_name = "codecommit.amazonaws.com"
  user_name    = aws_iam_user.deployer.name
}

resource "aws_iam_virtual_mfa_device" "deployer" {
  virtual_mfa_device_name = "deployer"
}

# Pipelines that prove who they are with a token.
resource "aws_iam_openid_connect_provider" "pipelines" {
  url             = "https://token.actions.githubusercontent.com"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags            = { stage = var.stage }
}

resource "aws_iam_role" "pipeline" {
  name = "pipeline"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.pipelines.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringLike = { "token.actions.githubusercontent.com:sub" = "repo:example/shop:*" } }
    }]
  })
}

resource "aws_iam_saml_provider" "people" {
  name                   = "people"
  saml_metadata_document = "<EntityDescriptor entityID=\"https://login.example.com\"><IDPSSODescriptor>${join("", [for number in range(200) : "padding-"])}</IDPSSODescriptor></EntityDescriptor>"
}

# What the simulator says of the worker: its boundary is its policy.
data "aws_iam_principal_policy_simulation" "worker" {
  policy_source_arn = aws_iam_role.worker.arn
  action_names      = ["sqs:SendMessage"]
  resource_arns     = [aws_sqs_queue.orders.arn]
  context {
    key    = "aws:RequestedRegion"
    type   = "string"
    values = ["us-east-1"]
  }
  depends_on = [aws_iam_role_policy_attachment.worker]

  lifecycle {
    postcondition {
      condition     = self.all_allowed
      error_message = "the worker may not send"
    }
  }
}
