import { gunzipSync } from 'node:zlib'
import protobuf from 'protobufjs'

export interface Profile {
  /** Its columns, as `cpu/nanoseconds`. */
  readonly types: readonly string[]
  readonly samples: readonly Sample[]
}

interface Sample {
  /** One for each of the columns. */
  readonly values: readonly number[]
  /** The innermost first. */
  readonly stack: readonly Frame[]
}

export interface Frame {
  readonly name: string
  readonly file: string
  readonly line: number
}

/** The fields that are read here of https://github.com/google/pprof/blob/main/proto/profile.proto. */
const { root } = protobuf.parse(`
syntax = "proto3";
message Profile {
  repeated ValueType sample_type = 1;
  repeated Sample sample = 2;
  repeated Location location = 4;
  repeated Function function = 5;
  repeated string string_table = 6;
}
message ValueType { int64 type = 1; int64 unit = 2; }
message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; }
message Location { uint64 id = 1; repeated Line line = 4; }
message Line { uint64 function_id = 1; int64 line = 2; }
message Function { uint64 id = 1; int64 name = 2; int64 filename = 4; }
`)

interface Message {
  readonly sampleType: readonly { type: number; unit: number }[]
  readonly sample: readonly { locationId: number[]; value: number[] }[]
  readonly location: readonly { id: number; line: { functionId: number; line: number }[] }[]
  readonly function: readonly { id: number; name: number; filename: number }[]
  readonly stringTable: readonly string[]
}

/** What a service answered with, decoded by what did not encode it. */
export function decodeProfile(gzipped: Uint8Array): Profile {
  const type = root.lookupType('Profile')
  // The shape is that of the messages above, which the library does not know before it runs.
  const message = type.toObject(type.decode(gunzipSync(gzipped)), {
    arrays: true,
    defaults: true,
    longs: Number,
  }) as Message
  const text = (index: number) => message.stringTable[index] ?? ''
  const functions = new Map(message.function.map((each) => [each.id, each]))
  const locations = new Map(message.location.map((each) => [each.id, each]))
  const framesAt = (id: number): Frame[] =>
    (locations.get(id)?.line ?? []).map(({ functionId, line }) => {
      const { name = 0, filename = 0 } = functions.get(functionId) ?? {}
      return { name: text(name), file: text(filename), line }
    })
  return {
    types: message.sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`),
    samples: message.sample.map(({ locationId, value }) => ({
      values: value,
      stack: locationId.flatMap(framesAt),
    })),
  }
}
