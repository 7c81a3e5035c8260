# The entries of fbsync.yaml, with the same fields, as resources that ask no server.
variable "secrets" {
  type      = map(string)
  sensitive = true
}

locals {
  manifest  = yamldecode(file("${path.module}/fbsync.yaml"))
  workspace = local.manifest.workspaceId
  llms      = { for entry in local.manifest.llms : entry.name => entry }
}

resource "terraform_data" "llm" {
  for_each = local.llms
  input = {
    name        = each.value.name
    aiType      = each.value.aiType
    endpoint    = each.value.endpoint
    secret      = var.secrets[trimprefix(each.value.secret, "$")]
    workspaceId = local.workspace
  }
}
