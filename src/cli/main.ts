#!/usr/bin/env node
/** By this name it was started before. */
import './canopy.cjs';
