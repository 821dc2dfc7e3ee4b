# Mail as people configure it, by both APIs: domains and how they sign, configuration sets and where their
# events go, templates, receipt rules, lists.
locals {
  bus   = "arn:aws:events:us-east-1:000000000000:event-bus/default"
  later = var.stage != "first"
}

resource "aws_ses_domain_identity" "shop" {
  domain = "shop.example"
}

resource "aws_ses_domain_identity_verification" "shop" {
  domain = aws_ses_domain_identity.shop.id
}

resource "aws_ses_domain_dkim" "shop" {
  domain = aws_ses_domain_identity.shop.domain
}

resource "aws_ses_domain_mail_from" "shop" {
  domain                 = aws_ses_domain_identity.shop.domain
  mail_from_domain       = "bounce.${aws_ses_domain_identity.shop.domain}"
  behavior_on_mx_failure = local.later ? "RejectMessage" : "UseDefaultValue"
}

resource "aws_ses_email_identity" "owner" {
  email = "owner@elsewhere.example"
}

data "aws_iam_policy_document" "mail" {
  statement {
    actions   = ["ses:SendEmail", "ses:SendRawEmail"]
    resources = [aws_ses_domain_identity.shop.arn]
    principals {
      type        = "AWS"
      identifiers = [local.later ? "arn:aws:iam::123456789013:root" : "arn:aws:iam::123456789012:root"]
    }
  }
}

resource "aws_ses_identity_policy" "shop" {
  identity = aws_ses_domain_identity.shop.arn
  name     = "partners"
  policy   = data.aws_iam_policy_document.mail.json
}

resource "aws_ses_identity_notification_topic" "shop" {
  identity                 = aws_ses_domain_identity.shop.domain
  notification_type        = "Bounce"
  topic_arn                = local.later ? "arn:aws:sns:us-east-1:000000000000:later" : "arn:aws:sns:us-east-1:000000000000:bounces"
  include_original_headers = true
}

resource "aws_ses_template" "welcome" {
  name    = "welcome"
  subject = "Welcome, {{name}}"
  html    = "<h1>Welcome, {{name}}</h1>"
  text    = local.later ? "Welcome back, {{name}}" : "Welcome, {{name}}"
}

resource "aws_ses_configuration_set" "orders" {
  # Links may lead through a verified domain and those below it.
  depends_on                 = [aws_ses_domain_identity.shop]
  name                       = "orders"
  reputation_metrics_enabled = true
  sending_enabled            = !local.later
  delivery_options {
    tls_policy = local.later ? "Optional" : "Require"
  }
  tracking_options {
    custom_redirect_domain = "links.shop.example"
  }
}

resource "aws_ses_event_destination" "topic" {
  name                   = "topic"
  configuration_set_name = aws_ses_configuration_set.orders.name
  enabled                = true
  matching_types         = ["bounce", "send"]
  sns_destination {
    topic_arn = "arn:aws:sns:us-east-1:000000000000:bounces"
  }
}

resource "aws_ses_event_destination" "metrics" {
  name                   = "metrics"
  configuration_set_name = aws_ses_configuration_set.orders.name
  enabled                = false
  matching_types         = ["open", "click", "renderingFailure"]
  cloudwatch_destination {
    default_value  = "none"
    dimension_name = "campaign"
    value_source   = "emailHeader"
  }
}

resource "aws_s3_bucket" "mail" {
  bucket = "received-mail"
}

resource "aws_ses_receipt_filter" "spam" {
  name   = "spam"
  cidr   = "10.10.10.0/24"
  policy = "Block"
}

resource "aws_ses_receipt_rule_set" "main" {
  rule_set_name = "main"
}

resource "aws_ses_active_receipt_rule_set" "main" {
  rule_set_name = aws_ses_receipt_rule_set.main.rule_set_name
}

resource "aws_ses_receipt_rule" "store" {
  name          = "store"
  rule_set_name = aws_ses_receipt_rule_set.main.rule_set_name
  recipients    = ["support@shop.example"]
  enabled       = true
  scan_enabled  = local.later
  tls_policy    = "Require"

  add_header_action {
    header_name  = "X-Received-By"
    header_value = "shop"
    position     = 1
  }
  s3_action {
    bucket_name       = aws_s3_bucket.mail.bucket
    object_key_prefix = "in/"
    position          = 2
  }
}

resource "aws_ses_receipt_rule" "answer" {
  name          = "answer"
  rule_set_name = aws_ses_receipt_rule_set.main.rule_set_name
  after         = aws_ses_receipt_rule.store.name
  enabled       = true

  lambda_action {
    function_arn    = aws_lambda_function.orders.arn
    invocation_type = "Event"
    position        = 1
  }
  bounce_action {
    message         = "Nobody is here"
    sender          = "postmaster@shop.example"
    smtp_reply_code = "550"
    status_code     = "5.1.1"
    position        = 2
  }
  stop_action {
    scope    = "RuleSet"
    position = 3
  }
  depends_on = [aws_lambda_permission.ses]
}

resource "aws_lambda_permission" "ses" {
  statement_id   = "ses"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.orders.function_name
  principal      = "ses.amazonaws.com"
  source_account = "000000000000"
}

data "aws_ses_active_receipt_rule_set" "main" {
  depends_on = [aws_ses_active_receipt_rule_set.main]
}

data "aws_ses_domain_identity" "shop" {
  domain = aws_ses_domain_identity.shop.domain
}

data "aws_ses_email_identity" "owner" {
  email = aws_ses_email_identity.owner.email
}

resource "aws_sesv2_configuration_set" "news" {
  depends_on             = [aws_ses_domain_identity.shop]
  configuration_set_name = "news"
  delivery_options {
    max_delivery_seconds = local.later ? 600 : 300
    tls_policy           = "REQUIRE"
    sending_pool_name    = aws_sesv2_dedicated_ip_pool.news.pool_name
  }
  reputation_options {
    reputation_metrics_enabled = local.later
  }
  sending_options {
    sending_enabled = true
  }
  suppression_options {
    suppressed_reasons = local.later ? ["BOUNCE"] : ["BOUNCE", "COMPLAINT"]
  }
  tracking_options {
    custom_redirect_domain = "links.shop.example"
    https_policy           = "REQUIRE"
  }
  vdm_options {
    dashboard_options {
      engagement_metrics = "ENABLED"
    }
    guardian_options {
      optimized_shared_delivery = local.later ? "DISABLED" : "ENABLED"
    }
  }
  tags = { stage = var.stage }
}

resource "aws_sesv2_configuration_set_event_destination" "bus" {
  configuration_set_name = aws_sesv2_configuration_set.news.configuration_set_name
  event_destination_name = "bus"
  event_destination {
    enabled              = true
    matching_event_types = local.later ? ["SEND", "DELIVERY"] : ["SEND"]
    event_bridge_destination {
      event_bus_arn = local.bus
    }
  }
}

resource "aws_sesv2_configuration_set_event_destination" "metrics" {
  configuration_set_name = aws_sesv2_configuration_set.news.configuration_set_name
  event_destination_name = "metrics"
  event_destination {
    matching_event_types = ["OPEN", "CLICK"]
    cloud_watch_destination {
      dimension_configuration {
        default_dimension_value = "none"
        dimension_name          = "campaign"
        dimension_value_source  = "MESSAGE_TAG"
      }
    }
  }
}

resource "aws_sesv2_dedicated_ip_pool" "news" {
  pool_name    = "news"
  scaling_mode = "STANDARD"
  tags         = { stage = var.stage }
}

resource "aws_sesv2_contact_list" "news" {
  contact_list_name = "news"
  description       = "Who reads the news, ${var.stage}"
  topic {
    default_subscription_status = "OPT_IN"
    description                 = "Each week"
    display_name                = "Weekly"
    topic_name                  = "weekly"
  }
  tags = { stage = var.stage }
}

resource "aws_sesv2_email_identity" "news" {
  email_identity         = "news.example"
  configuration_set_name = aws_sesv2_configuration_set.news.configuration_set_name
  dkim_signing_attributes {
    next_signing_key_length = local.later ? "RSA_1024_BIT" : "RSA_2048_BIT"
  }
  tags = { stage = var.stage }
}

resource "aws_sesv2_email_identity" "person" {
  email_identity = "person@elsewhere.example"
}

resource "aws_sesv2_email_identity_feedback_attributes" "news" {
  email_identity           = aws_sesv2_email_identity.news.email_identity
  email_forwarding_enabled = local.later
}

resource "aws_sesv2_email_identity_mail_from_attributes" "news" {
  email_identity         = aws_sesv2_email_identity.news.email_identity
  behavior_on_mx_failure = local.later ? "USE_DEFAULT_VALUE" : "REJECT_MESSAGE"
  mail_from_domain       = "bounce.${aws_sesv2_email_identity.news.email_identity}"
}

data "aws_iam_policy_document" "news" {
  statement {
    actions   = ["ses:SendEmail"]
    resources = [aws_sesv2_email_identity.news.arn]
    principals {
      type        = "AWS"
      identifiers = [local.later ? "arn:aws:iam::123456789013:root" : "arn:aws:iam::123456789012:root"]
    }
  }
}

resource "aws_sesv2_email_identity_policy" "news" {
  email_identity = aws_sesv2_email_identity.news.email_identity
  policy_name    = "partners"
  policy         = data.aws_iam_policy_document.news.json
}

resource "aws_sesv2_account_vdm_attributes" "this" {
  vdm_enabled = "ENABLED"
  dashboard_attributes {
    engagement_metrics = local.later ? "DISABLED" : "ENABLED"
  }
  guardian_attributes {
    optimized_shared_delivery = "ENABLED"
  }
}

# Never changed: provider 5.100 then says of itself that it has a bug.
resource "aws_sesv2_account_suppression_attributes" "this" {
  suppressed_reasons = ["COMPLAINT"]
}

data "aws_sesv2_configuration_set" "news" {
  configuration_set_name = aws_sesv2_configuration_set.news.configuration_set_name
}

data "aws_sesv2_dedicated_ip_pool" "news" {
  pool_name = aws_sesv2_dedicated_ip_pool.news.pool_name
}

data "aws_sesv2_email_identity" "news" {
  email_identity = aws_sesv2_email_identity.news.email_identity
}

data "aws_sesv2_email_identity_mail_from_attributes" "news" {
  email_identity = aws_sesv2_email_identity_mail_from_attributes.news.email_identity
}
