/*
 * Which of several hubs acts for a device: tenure, takeover, adoption, `sent`, recall and the retained presence topic, for
 * three hubs, one device and one command. `spin` looks at every order in which the steps below can happen.
 *
 * What must hold (`assert`, and at rest in `atRest`):
 *   1. nobody writes for a device of which somebody else has become the owner
 *   2. the command is `sent` once at most, and the device carries it out once at most
 *   3. it reaches one final status, and only one
 *   4. at rest the retained presence is the row's, and the row says whether the device is connected
 *
 * One step here is one function of the hub, or one statement at PostgreSQL:
 *
 *   beat, fence       hub/cluster/tenure.ts           `Tenure`: the beat; `holds()` is false 4.5 s after the last one that was answered
 *   judge             hub/cluster/judge.ts            `look`, `declareDead`: a beat that does not move
 *   open              hub/adapters/postgres/          `open_sessions`: epoch, owner, presence and open commands in one commit
 *   adopt             hub/cluster/adoption.ts         `adopt_devices`, in pages; `PresenceKeeper.adopt`, `CommandMoves.adopted`
 *   ours, stmtIsOurs  hub/adapters/postgres/          the owner and the moves that `saveCommands` and `savePresence` name
 *   turn, frame       hub/commands/device-commands.ts `#advance`, `#save`, `#writeCommand`: `sent` is journalled before the frame
 *   recall, result    hub/commands/device-commands.ts `#recall`, `handle`
 *   publish, clear    hub/presence/presence-announcer.ts, hub/sessions/device-moves.ts
 *
 * A hub that was declared dead ends, and is started again: so a new incarnation of a running hub, and `kick`, are in the model alone.
 * What the search has shown, and the code keeps to:
 *
 *   - The owner in the row is not enough. A device that moves away and back finds the same owner, and a `sent` of the first time
 *     that is still on its way would be taken for one of the second: two frames. So a command counts its owners (`moves`).
 *   - Whoever adopts a device without a session must notice its loss, too: what it has published may come late.
 *   - A hub that takes a new incarnation owes `clear` for all that it kept before: its old connection may have brought something late.
 *   - `clear` must not get lost. Who gets it publishes again only what it still keeps.
 *
 * A fault is planted with -DNO_OWNER, -DNO_MOVES, -DRESEND, -DNO_CLEAR or -DNO_KICK.
 */

#define HUBS 3
#define NONE 3

/* How often each fault happens, and how often the device moves by itself. */
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FREEZES
#define FREEZES 1
#endif
#ifndef CUTS
#define CUTS 1
#endif
#ifndef MOVES
#define MOVES 2
#endif

mtype = { accepted, sent, uncertain, final };
mtype = { online, unknown, offline };

/* ---- PostgreSQL: the rows of the hubs, the device and its command ---- */
byte inc[HUBS];
bool up[HUBS] = true;
byte owner = NONE, ownerInc, epoch, n;
mtype row = offline;
#ifdef TOPIC
mtype command = final;
#else
mtype command = accepted;
#endif
/* Rises when the command goes to another owner, or to the same one anew. */
byte moves;

/* ---- the broker ---- */
byte retainedEpoch, retainedN;
/* The connection of the hub's incarnation. */
bool linked[HUBS] = true;

/* ---- each hub's memory ---- */
byte term[HUBS];
/* The epoch of the session that it holds; 0: none. */
byte session[HUBS];
/* It takes the device for its own. */
bool keeps[HUBS];
/* The command is in its lane, as of this number of moves. */
bool lane[HUBS];
byte laneMoves[HUBS];
/* `sent` on its way to PostgreSQL, and the answer. */
bool stmt[HUBS];
byte stmtTerm[HUBS], stmtMoves[HUBS], stmtEpoch[HUBS];
bool answered[HUBS], answer[HUBS];
/* A frame on its way to the device. */
bool frame[HUBS];
/* To be published, and on its way to the broker. */
byte pendingEpoch[HUBS], pendingN[HUBS], flyingEpoch[HUBS], flyingN[HUBS];
/* It waits for `clear` of the former owner; it owes one. */
bool holds[HUBS], owes[HUBS];

/* ---- the world ---- */
bool crashed[HUBS], frozen[HUBS], cut[HUBS], fenced[HUBS];
byte crashes = CRASHES, freezes = FREEZES, cuts = CUTS, wishes = MOVES;

/* ---- the device ---- */
byte at = NONE;
bool leaves, gone, has, refuses;
byte executions, sents;
#ifdef TOPIC
byte finals = 1;
#else
byte finals;
#endif

#define runs(h) (!crashed[h] && !frozen[h])
/* It reaches PostgreSQL and is within its tenure. */
#define acts(h) (runs(h) && !cut[h] && !fenced[h])
#ifdef NO_OWNER
#define ours(h) (true)
#else
#define ours(h) (owner == h && ownerInc == term[h])
#endif
#define judges(h) (acts(h) && up[h] && inc[h] == term[h])
#define silent(k) (fenced[k])
/* The command and the topic do not meet: each is looked at by itself, in a tenth of the states. */
#ifdef TOPIC
#define publishRow(h) pendingEpoch[h] = epoch; pendingN[h] = n
#else
#define publishRow(h) skip
#endif

inline takeCommand(h) {
  moves++;
#ifdef RESEND
  if
  :: command == sent -> command = accepted
  :: else
  fi;
#else
  if
  :: command == sent -> command = uncertain
  :: else
  fi;
#endif
  lane[h] = (command != final);
  laneMoves[h] = moves
}

inline finish(h) {
  assert(command != final);
  command = final;
  finals++;
  lane[h] = false
}

inline open(h) {
  former = owner;
  living = (owner != NONE && owner != h && up[owner] && ownerInc == inc[owner]);
  epoch++;
  owner = h; ownerInc = term[h];
  row = online; n = 1;
  takeCommand(h);
  session[h] = epoch; keeps[h] = true;
  at = h;
  publishRow(h);
  holds[h] = living;
  if
  :: former == h -> owes[h] = false
  :: else
  fi;
  former = NONE; living = false
}

inline kick(k) {
  linked[k] = false;
#ifndef NO_KICK
  flyingEpoch[k] = 0;
  if
  :: owner != NONE && owner != k && !crashed[owner] && keeps[owner] -> publishRow(owner)
  :: else
  fi
#endif
}

inline adopt(h) {
  owner = h; ownerInc = term[h];
  if
  :: row == online -> row = unknown; n++
  :: else
  fi;
  takeCommand(h);
  keeps[h] = true;
  holds[h] = false;
  publishRow(h)
}

proctype Hub(byte h) {
  do
  /* The beat: answered, or a new incarnation that takes back whose epoch is still its own. */
  :: atomic { runs(h) && !cut[h] && up[h] && inc[h] == term[h] && fenced[h] -> fenced[h] = false }
  :: atomic { runs(h) && !cut[h] && !(up[h] && inc[h] == term[h]) ->
       inc[h]++; term[h] = inc[h]; up[h] = true; fenced[h] = false; linked[h] = true;
       pendingEpoch[h] = 0; flyingEpoch[h] = 0; holds[h] = false; owes[h] = false; lane[h] = false; keeps[h] = false;
       if
       :: session[h] != 0 && session[h] == epoch && at == h ->
            holds[h] = (owner != h && owner != NONE && up[owner]);
            owner = h; ownerInc = term[h];
            row = online; n++;
            keeps[h] = true;
            takeCommand(h);
            publishRow(h)
       :: else -> owes[h] = true; session[h] = 0; if :: at == h -> at = NONE :: else fi
       fi }

  /* The command's turn: `sent` goes to PostgreSQL. */
  :: atomic { acts(h) && lane[h] && session[h] != 0 && at == h && command == accepted && !stmt[h] && !answered[h] ->
       stmt[h] = true; stmtTerm[h] = term[h]; stmtMoves[h] = laneMoves[h]; stmtEpoch[h] = session[h] }
  /* The answer: the frame is written, or it never will be. */
  :: atomic { runs(h) && answered[h] ->
       answered[h] = false;
       if
       :: !answer[h] -> lane[h] = (lane[h] && laneMoves[h] != stmtMoves[h])
       :: answer[h] && !fenced[h] && session[h] == stmtEpoch[h] -> frame[h] = true
       :: else ->
            /* Not written. Nobody else knows that, so it says so if it still may. */
            if
            :: ours(h) && stmtMoves[h] == moves && command == sent -> finish(h)
            :: else
            fi
       fi }

  /* What the device says in its session. */
  :: atomic { acts(h) && session[h] != 0 && at == h && has && command != final && command != accepted && ours(h) && lane[h] ->
       finish(h) }
  :: atomic { acts(h) && session[h] != 0 && at == h && command == uncertain && !has && ours(h) && lane[h] ->
       refuses = true; finish(h) }
  /* Its time is over, and nobody will answer any more. */
  :: atomic { acts(h) && gone && at == NONE && lane[h] && command != final && command != sent && ours(h) && !stmt[h] -> finish(h) }
  :: atomic { acts(h) && gone && at == NONE && lane[h] && command == sent && ours(h) && !stmt[h] && !answered[h] && !frame[h] -> finish(h) }

  /* The device is away for longer than it may be. */
  :: atomic { acts(h) && gone && at == NONE && row != offline && ours(h) ->
       row = offline; n++; session[h] = 0; publishRow(h) }

  /* Somebody else has the device: by mail, or by looking. */
  :: atomic { acts(h) && keeps[h] && !(owner == h && ownerInc == term[h]) ->
       keeps[h] = false; session[h] = 0; lane[h] = false; pendingEpoch[h] = 0; holds[h] = false; owes[h] = true;
       if :: at == h -> at = NONE :: else fi }
  :: atomic { runs(h) && owes[h] && flyingEpoch[h] == 0 ->
       owes[h] = false;
#ifndef NO_CLEAR
       if
       :: owner != NONE && owner != h && !crashed[owner] && keeps[owner] -> holds[owner] = false; publishRow(owner)
       :: else
       fi
#endif
  }
  /* It waits for a second at most. */
  :: atomic { runs(h) && holds[h] -> holds[h] = false }

  :: atomic { runs(h) && !fenced[h] && linked[h] && !holds[h] && pendingEpoch[h] != 0 && flyingEpoch[h] == 0 ->
       flyingEpoch[h] = pendingEpoch[h]; flyingN[h] = pendingN[h]; pendingEpoch[h] = 0 }

  /* Cut off from PostgreSQL for longer than it may keep its devices. */
  :: atomic { runs(h) && fenced[h] && at == h && cut[h] -> at = NONE; session[h] = 0 }

  /* Of the others: the judge, and those who adopt. */
  :: atomic { judges(h) && h != 0 && up[0] && silent(0) -> up[0] = false }
  :: atomic { judges(h) && h != 0 && !up[0] && linked[0] -> kick(0) }
  :: atomic { judges(h) && h != 0 && owner == 0 && !(up[0] && ownerInc == inc[0]) -> adopt(h) }
  :: atomic { judges(h) && h != 1 && up[1] && silent(1) -> up[1] = false }
  :: atomic { judges(h) && h != 1 && !up[1] && linked[1] -> kick(1) }
  :: atomic { judges(h) && h != 1 && owner == 1 && !(up[1] && ownerInc == inc[1]) -> adopt(h) }
  :: atomic { judges(h) && h != 2 && up[2] && silent(2) -> up[2] = false }
  :: atomic { judges(h) && h != 2 && !up[2] && linked[2] -> kick(2) }
  :: atomic { judges(h) && h != 2 && owner == 2 && !(up[2] && ownerInc == inc[2]) -> adopt(h) }
  od
}

#ifdef NO_OWNER
#define stmtIsOurs(h) (true)
#else
#ifdef NO_MOVES
#define stmtIsOurs(h) (owner == h && ownerInc == stmtTerm[h])
#else
#define stmtIsOurs(h) (owner == h && ownerInc == stmtTerm[h] && moves == stmtMoves[h])
#endif
#endif

/* PostgreSQL and the network: what was sent arrives at any time, whatever has become of the sender. */
proctype Network(byte h) {
  do
  :: atomic { stmt[h] ->
       stmt[h] = false; answered[h] = true; answer[h] = false;
       if
       :: command != final && stmtIsOurs(h) ->
            assert(owner == h);
            answer[h] = true; command = sent; sents++;
            assert(sents <= 1)
       :: else
       fi }
  :: atomic { flyingEpoch[h] != 0 && linked[h] ->
       retainedEpoch = flyingEpoch[h]; retainedN = flyingN[h]; flyingEpoch[h] = 0 }
  :: atomic { frame[h] ->
       frame[h] = false;
       if
       :: !refuses -> executions++; has = true; assert(executions <= 1)
       :: refuses
       :: at != h /* it is lost with its socket */
       fi }
  od
}

active proctype Device() {
  byte former; bool living;
  do
  :: atomic { at == NONE && !gone && acts(0) && up[0] && inc[0] == term[0] -> open(0) }
  :: atomic { at == NONE && !gone && acts(1) && up[1] && inc[1] == term[1] -> open(1) }
  :: atomic { at == NONE && !gone && acts(2) && up[2] && inc[2] == term[2] -> open(2) }
  /* Its link breaks, or it moves. */
  :: atomic { at != NONE && wishes > 0 -> wishes--; at = NONE }
  :: atomic { at != NONE && crashed[at] -> at = NONE }
  :: atomic { leaves && !gone && wishes == 0 -> gone = true; at = NONE }
  od
}

/* The three are alike, so that what befalls a hub befalls the first one. */
active proctype World() {
  do
  :: atomic { crashes > 0 && !frozen[0] -> crashes--; crashed[0] = true }
  :: atomic { freezes > 0 && !crashed[0] -> freezes--; frozen[0] = true }
  :: atomic { cuts > 0 && !crashed[0] -> cuts--; cut[0] = true }
  :: atomic { frozen[0] -> frozen[0] = false }
  :: atomic { cut[0] -> cut[0] = false }
  :: atomic { !fenced[0] && (crashed[0] || frozen[0] || cut[0]) -> fenced[0] = true }
  od
}

/* Nothing else can happen. */
active proctype AtRest() {
  atomic {
    timeout ->
    assert(epoch == 0 || (command == final && finals == 1));
    assert(executions <= 1);
#ifdef TOPIC
    assert(epoch == 0 || (retainedEpoch == epoch && retainedN == n));
#endif
    assert((at != NONE) == (row == online));
    assert(at == NONE || owner == at)
  }
}

init {
  atomic {
    if :: leaves = true :: leaves = false fi;
    run Hub(0); run Hub(1); run Hub(2);
    run Network(0); run Network(1); run Network(2)
  }
}
