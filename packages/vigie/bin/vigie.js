#!/usr/bin/env node
// There before the bundle is built, so that npm links the command when a clone is installed.
import '../bundle/cli.js'
