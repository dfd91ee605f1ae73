# bash completion of cc-run(1): verbs, options, ids of kept commands (asked of
# the server that CC_URL, or a URL on the line, names).

_cc_run_ids()
{
    local url=()

    # bash divides words at ":"

    if [[ $COMP_LINE =~ (wss?://|https?://|unix:)[^[:space:]]+ ]]; then
        url=("${BASH_REMATCH[0]}")
    fi

    "${COMP_WORDS[0]}" --reconnect 0 "${url[@]}" ps 2> /dev/null \
        | while read -r id _; do
            [ "$id" = ID ] || printf '%s\n' "$id"
        done
}

_cc_run()
{
    local word verb= words= i
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local all='--json --reconnect --token-file --ca-file --insecure --help
        --version'
    local run='--tty --detach --keep --no-stdin --merge --label --timeout --cwd
        --env'
    local verbs='attach logs ps wait signal pause resume cancel rm'

    COMPREPLY=()

    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}

        case $word in
            --) return ;;
            attach | logs | ps | wait | signal | pause | resume | cancel | rm)
                verb=${verb:-$word} ;;
        esac
    done

    case $prev in
        --token-file | --ca-file)
            mapfile -t COMPREPLY < <(compgen -f -- "$cur")
            return ;;
        --label | --timeout | --cwd | --env | --reconnect | --tail) return ;;
        signal)
            mapfile -t COMPREPLY < <(compgen -W 'HUP INT QUIT KILL USR1 USR2
                TERM CONT STOP' -- "$cur")
            return ;;
    esac

    case $cur in
        -*)
            case $verb in
                '')     words="$all $run --" ;;
                attach) words="$all --read-only --no-stdin" ;;
                logs)   words="$all --follow --tail" ;;
                rm)     words="$all --force" ;;
                *)      words=$all ;;
            esac ;;
        *)
            case $verb in
                '') words="$verbs --" ;;
                ps) ;;
                *)  words=$(_cc_run_ids) ;;
            esac ;;
    esac

    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _cc_run cc-run
