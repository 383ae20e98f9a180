// How Atlas reaches the database. Use the direct address, never a pooler's:
// what Atlas does needs one session. Written in what 0.13.1, which the project
// pins, and current releases both read; neither must need an account.
//
//   DATABASE_URL_DIRECT   the database to bring up to schema.hcl
//   ATLAS_DEV_URL         an empty database of the same server, for Atlas to
//                         try the schema on; may be left out
//   DOCKET_SCHEMA_DROPS   "true" drops the tables and columns that schema.hcl
//                         does not declare; --var drops=true does the same

variable "url" {
  type    = string
  default = getenv("DATABASE_URL_DIRECT")
}

variable "dev" {
  type    = string
  default = getenv("ATLAS_DEV_URL")
}

variable "drops" {
  type    = bool
  default = getenv("DOCKET_SCHEMA_DROPS") == "true"
}

env "local" {
  src     = "file://schema.hcl"
  url     = var.url
  dev     = var.dev
  schemas = ["public"]
}

env "ci" {
  src     = "file://schema.hcl"
  url     = var.url
  dev     = var.dev
  schemas = ["public"]
}

env "staging" {
  src     = "file://schema.hcl"
  url     = var.url
  dev     = var.dev
  schemas = ["public"]
  diff {
    skip {
      drop_schema = true
      drop_table  = !var.drops
      drop_column = !var.drops
    }
  }
}

env "production" {
  src     = "file://schema.hcl"
  url     = var.url
  dev     = var.dev
  schemas = ["public"]
  diff {
    skip {
      drop_schema = true
      drop_table  = !var.drops
      drop_column = !var.drops
    }
  }
}
